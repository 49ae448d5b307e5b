"""Websocket clients and what is on its way to them.

Invariant: sending never waits. Each client has its own queue; a message that replaces an
older unsent one of the same key (progress, previews) takes its place, and a client that is
too slow for the rest is closed, so that it can reconnect and catch up.
"""

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import WSCloseCode, web

from engine.fast_json import dumps

#: Unsent messages after which a client counts as gone.
LONGEST_QUEUE = 5000

PREVIEW_IMAGE = 1
PREVIEW_IMAGE_WITH_METADATA = 4
_FORMATS = {"image/jpeg": 1, "image/png": 2}


class Client:
    """One websocket session.

    Attributes:
        sid: the id that the client chose or got; several sessions may share it.
        watches: hears of the runs of all clients, not only of its own.
        flags: features that the client announced.
        seen: last sequence number that it got when it connected; it needs none up to that.
    """

    def __init__(self, sid: str, socket: web.WebSocketResponse, watches: bool = False) -> None:
        self.sid = sid
        self.watches = watches
        self.flags: Mapping[str, Any] = {}
        self.seen = 0
        self._missed: deque[str] = deque()
        self._socket = socket
        self._queue: dict[object, str | bytes] = {}
        self._filled = asyncio.Event()

    def post(self, payload: str | bytes, key: object = None) -> None:
        """Queue a frame; an unsent frame with the same ``key`` is replaced."""
        if len(self._queue) >= LONGEST_QUEUE:
            self._queue.clear()
            self._queue[object()] = ""
        else:
            self._queue[object() if key is None else key] = payload
        self._filled.set()

    def missed(self, payloads: Iterable[str]) -> None:
        """Queue frames of earlier events; they go first and none is left out."""
        self._missed.extend(payloads)
        self._filled.set()

    async def pump(self) -> None:
        """Send what is queued until the socket closes."""
        while not self._socket.closed:
            await self._filled.wait()
            self._filled.clear()
            while self._missed:
                with contextlib.suppress(ConnectionError, RuntimeError):
                    await self._send(self._missed.popleft())
            while self._queue:
                payload = self._queue.pop(next(iter(self._queue)))
                if payload == "":
                    await self._socket.close(message=b"client too slow")
                    return
                with contextlib.suppress(ConnectionError, RuntimeError):
                    await self._send(payload)

    async def close(self) -> None:
        """End the session; the client may come back."""
        await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server is stopping")

    async def _send(self, payload: str | bytes) -> None:
        if isinstance(payload, str):
            await self._socket.send_str(payload)
        else:
            await self._socket.send_bytes(payload)


class Hub:
    """All connected clients.

    Attributes:
        closed: the server is stopping; nobody should stay.
        shows_all: pictures of the work go to clients too that never said they tell them from
            results; scripts commonly take every picture for a result.
    """

    def __init__(self, shows_all: bool = False) -> None:
        self.closed = False
        self.shows_all = shows_all
        self._clients: dict[str, list[Client]] = {}
        self._watching: list[Client] = []

    @property
    def count(self) -> int:
        """How many sessions are connected."""
        return sum(map(len, self._clients.values()))

    def add(self, client: Client) -> None:
        """Let a client hear of things from now on."""
        self._clients.setdefault(client.sid, []).append(client)
        if client.watches:
            self._watching.append(client)

    def remove(self, client: Client) -> None:
        """Forget a client that went away."""
        sessions = self._clients.get(client.sid, [])
        if client in sessions:
            sessions.remove(client)
        if not sessions:
            self._clients.pop(client.sid, None)
        if client in self._watching:
            self._watching.remove(client)

    def send(
        self,
        type: str,
        data: Mapping[str, Any],
        sid: str | None = None,
        key: object = None,
        seq: int | None = None,
        near: str | None = None,
    ) -> None:
        """Send an event to one client and those who watch, or to all if ``sid`` is None.

        Args:
            type: of the event.
            data: of the event.
            sid: the client.
            key: an unsent event with the same key is replaced.
            seq: sequence number in the log of runs.
            near: a client; where there are accounts, "all" are then those of its person.
        """
        clients = self._targets(sid) if sid is not None or near is None else self._near(near)
        if clients:
            payload = frame(type, data, seq)
            for client in clients:
                if seq is None or seq > client.seen:
                    client.post(payload, key)

    def send_preview(
        self,
        meta: Mapping[str, Any],
        picture: bytes,
        sid: str | None,
        kept: bool = False,
        asked: bool = False,
    ) -> None:
        """Send a picture of a node at work.

        Args:
            meta: ``node_id``, ``prompt_id`` and the like, and ``image_type``.
            picture: encoded as ``image_type`` says.
            sid: one client, or None for all.
            kept: it is a result, which a later one does not replace.
            asked: the job asked for such pictures.
        """
        key = None if kept else ("preview", meta["node_id"])
        to_all = kept or asked or self.shows_all
        for client in self._targets(sid):
            if client.flags.get("supports_preview_metadata") is True:
                client.post(_preview_with_metadata(meta, picture), key)
            elif to_all:
                client.post(_preview(meta["image_type"], picture), key)

    async def close(self) -> None:
        """End all sessions; one that is just beginning has to look at ``closed``."""
        self.closed = True
        await asyncio.gather(*(client.close() for client in self._targets(None)))

    def _near(self, client: str) -> list[Client]:
        """The clients of the same person and those who watch; all, where there are no accounts."""
        person, slash, _ = client.partition("/")
        if not slash:
            return self._targets(None)
        own = [c for c in self._targets(None) if c.sid.startswith(f"{person}/")]
        return [*own, *(c for c in self._watching if c not in own)]

    def _targets(self, sid: str | None) -> list[Client]:
        if sid is None:
            return [client for sessions in self._clients.values() for client in sessions]
        own = self._clients.get(sid, [])
        return [*own, *(client for client in self._watching if client.sid != sid)]


def frame(type: str, data: Mapping[str, Any], seq: int | None = None) -> str:
    """A JSON frame of the websocket protocol; ``seq`` says where in the log of runs it stands."""
    if seq is None:
        return dumps({"type": type, "data": data}).decode()
    return dumps({"type": type, "data": data, "seq": seq}).decode()


def _preview(mime: str, picture: bytes) -> bytes:
    return struct.pack(">II", PREVIEW_IMAGE, _FORMATS[mime]) + picture


def _preview_with_metadata(meta: Mapping[str, Any], picture: bytes) -> bytes:
    head = dumps(meta)
    return struct.pack(">II", PREVIEW_IMAGE_WITH_METADATA, len(head)) + head + picture
