"""``/ws``: events to the browser and to API clients."""

import asyncio
import contextlib
import uuid

from aiohttp import WSMsgType, web

from engine.fast_json import loads

from ..hub import Client, frame
from ..people import person_of
from ..request import bad, query_int
from ..state import ServerState, state_of
from .system import features


async def connect(request: web.Request) -> web.WebSocketResponse:
    """Serve one session.

    ``clientId`` names the client, whose runs it hears of; several sessions may share it.
    ``watch=all`` lets it hear of everybody's runs. ``after``, the last ``seq`` that it saw,
    gives it the messages that came since, and ``x_caught_up`` when these were all.
    """
    state = state_of(request)
    after = query_int(request, "after")
    sid, watches = request.query.get("clientId") or uuid.uuid4().hex, _watches(request)
    socket = web.WebSocketResponse(heartbeat=30, max_msg_size=1 << 20)
    await socket.prepare(request)
    client = Client(person_of(request).session(sid), socket, watches)
    client.post(frame("status", {**await state.dispatcher.status(), "sid": sid}))
    pump = asyncio.create_task(client.pump())
    try:
        await state.dispatcher.broadcast.connect(client, after)
        if state.hub.closed:
            await client.close()
        with contextlib.suppress(ConnectionError):  # it went away while it was answered
            await _listen(state, client, socket)
    finally:
        state.hub.remove(client)
        state.listeners.discard(client.sid)
        pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pump
    return socket


def _watches(request: web.Request) -> bool:
    watch = request.query.get("watch")
    if watch not in (None, "all"):
        raise bad(f"'watch' is {watch!r}; give 'all' or leave it out.")
    if watch == "all" and person_of(request).owner is not None:
        raise bad("'watch=all' is for administrators; leave it out.", web.HTTPForbidden)
    return watch == "all"


async def _listen(state: ServerState, client: Client, socket: web.WebSocketResponse) -> None:
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        with contextlib.suppress(ValueError, RecursionError):
            said = loads(message.data)
            if isinstance(said, dict) and said.get("type") == "feature_flags":
                flags = said.get("data")
                client.flags = flags if isinstance(flags, dict) else {}
                client.post(frame("feature_flags", features(state)))


ROUTES = [web.get("/ws", connect)]
