"""Messages over a socket between two processes of one computer, with a file beside each.

worker -> pack: configure {...}, call {call, op, node, names, context}, cancel {call},
answer {ask, value}.
pack -> worker: loaded {nodes, pack}, done {call, value}, failed {call, ...},
progress {call, value, total, preview}, picture {call, mime, picture}, ask {call, ask, name, args},
told {event, data, client}.

Invariant: a message is JSON data of limited size; its tensors are in the file that comes with it.
"""

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .crossing import laid_out, mapped, put_together, taken_apart

_HEAD = struct.Struct(">I?")
#: Bytes of JSON that a message may have.
LARGEST = 256 << 20
_FLAGS = socket.MSG_WAITALL | getattr(socket, "MSG_CMSG_CLOEXEC", 0)


@dataclass(frozen=True)
class Parcel:
    """A value on its way: what a message says of it, and its file."""

    data: Any
    file: int | None = None

    def open(self) -> Any:
        """The value.

        Raises:
            ValueError: it is none.
        """
        match self.data:
            case {"tree": tree, "tensors": [*kinds]}:
                return put_together(tree, mapped(kinds, self.file))
        self.close()
        raise ValueError("there is no value in the message")

    def close(self) -> None:
        """Give it up unread."""
        if self.file is not None:
            with contextlib.suppress(OSError):
                os.close(self.file)


def parcel(value: Any, where: str) -> Parcel:
    """A value to be sent.

    Raises:
        NotCrossing: it cannot.
    """
    tensors: list[Any] = []
    return _sealed(taken_apart(value, where, tensors), tensors)


def parcel_of(parts: Iterable[tuple[str, Any]]) -> Parcel:
    """Several values to be sent as a list; each comes with the name that an error has for it.

    Raises:
        NotCrossing: one of them cannot.
    """
    tensors: list[Any] = []
    return _sealed(["l", *(taken_apart(value, name, tensors) for name, value in parts)], tensors)


def _sealed(tree: Any, tensors: list[Any]) -> Parcel:
    kinds, file = laid_out(tensors)
    return Parcel({"tree": tree, "tensors": kinds}, file)


class Channel:
    """One end; messages may be sent from any thread and are received on one."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lock = threading.Lock()

    def send(self, kind: str, data: Mapping[str, Any], value: Parcel | None = None) -> None:
        """Send a message and perhaps a value; nothing happens if nobody is there any more."""
        file = None if value is None else value.file
        whole = {**data, "kind": kind, "parcel": None if value is None else value.data}
        body = json.dumps(whole).encode()
        try:
            with self._lock, contextlib.suppress(OSError):
                head = _HEAD.pack(len(body), file is not None)
                socket.send_fds(self._end, [head], [] if file is None else [file])
                self._end.sendall(body)
        finally:
            if value is not None:
                value.close()

    def receive(self) -> tuple[dict[str, Any], Parcel] | None:
        """The next message with its value; None at the end, or after nonsense."""
        try:
            head, files, _, _ = socket.recv_fds(self._end, _HEAD.size, 4, _FLAGS)
        except OSError:
            return None
        parcel = Parcel(None, files[0] if files else None)
        for more in files[1:]:
            os.close(more)
        data = self._body(head)
        if data is None:
            parcel.close()
            return None
        return data, Parcel(data.get("parcel"), parcel.file)

    def _body(self, head: bytes) -> dict[str, Any] | None:
        if len(head) < _HEAD.size:
            return None
        size, _ = _HEAD.unpack(head)
        body = self._exactly(size) if size <= LARGEST else b""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None

    def _exactly(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self._end.recv(min(size - len(parts), 1 << 20))
            except OSError:
                break
            if not part:
                break
            parts += part
        return bytes(parts)

    def close(self) -> None:
        """End it, for both sides."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()
