"""The messages between server and worker, and how they are framed.

server -> worker: configure {config, marks}, run {job, number, prompt, changed, dropped,
outputs, metadata, again, client},
interrupt {job}, free {unload_models, free_memory}, check {ask, prompt},
outlook {ask, prompt, outputs}, on_prompt {ask, body}, reload {ask, pack}, stop {}.
worker -> server: ready {specs, packs, system, door}, nodes {specs, packs, pack, nodes, error},
door {port, secret, routes, asks_prompts}, told {event, data, client, near},
event {job, type, data} + blob,
done {job, status, outputs, failure, executed}, answer {ask, answer},
heartbeat {running, memory, host} and now and then system,
alive {} (told for a worker that cannot speak itself).

Invariant: a frame is two big-endian u32 lengths, then JSON, then a blob; the kinds above are
all there are.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from engine.fast_json import dumps, loads

_LENGTHS = struct.Struct(">II")


class _Reader(Protocol):
    async def readexactly(self, n: int) -> bytes: ...


@dataclass(frozen=True)
class Message:
    """One message."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    blob: bytes = b""


def encode(message: Message) -> bytes:
    """The frame of a message."""
    body = dumps({"kind": message.kind, "data": message.data})
    return _LENGTHS.pack(len(body), len(message.blob)) + body + message.blob


def _decode(body: bytes, blob: bytes) -> Message:
    parsed = loads(body)
    return Message(parsed["kind"], parsed["data"], blob)


async def read(stream: _Reader) -> Message:
    """The next message; raises ``asyncio.IncompleteReadError`` at the end."""
    n_body, n_blob = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
    return _decode(await stream.readexactly(n_body), await stream.readexactly(n_blob))


def read_blocking(stream: BinaryIO) -> Message | None:
    """The next message from a pipe; None at its end."""
    head = stream.read(_LENGTHS.size)
    if len(head) < _LENGTHS.size:
        return None
    n_body, n_blob = _LENGTHS.unpack(head)
    body, blob = stream.read(n_body), stream.read(n_blob)
    return _decode(body, blob) if len(body) == n_body and len(blob) == n_blob else None
