"""``/ws``: events to the browser and to API clients."""

import asyncio
import contextlib
import json
import uuid

from aiohttp import WSMsgType, web

from ..hub import Client, frame
from ..state import ServerState, state_of
from .system import features


async def connect(request: web.Request) -> web.WebSocketResponse:
    """Serve one session; ``clientId`` continues an earlier one."""
    state = state_of(request)
    socket = web.WebSocketResponse(heartbeat=30, max_msg_size=1 << 20)
    await socket.prepare(request)
    client = Client(request.query.get("clientId") or uuid.uuid4().hex, socket)
    state.hub.clients[client.sid] = client
    client.post(frame("status", {**await state.dispatcher.status(), "sid": client.sid}))
    _catch_up(state, client)
    pump = asyncio.create_task(client.pump())
    try:
        await _listen(state, client, socket)
    finally:
        pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pump
        if state.hub.clients.get(client.sid) is client:
            del state.hub.clients[client.sid]
    return socket


def _catch_up(state: ServerState, client: Client) -> None:
    """Tell a client that comes back which node of its run is at work."""
    for active in state.dispatcher.active.values():
        if active.job.client == client.sid and active.view.node is not None:
            data = {"node": active.view.node, "prompt_id": active.job.id}
            client.post(frame("executing", data))


async def _listen(state: ServerState, client: Client, socket: web.WebSocketResponse) -> None:
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        with contextlib.suppress(ValueError, RecursionError):
            said = json.loads(message.data)
            if isinstance(said, dict) and said.get("type") == "feature_flags":
                flags = said.get("data")
                client.flags = flags if isinstance(flags, dict) else {}
                client.post(frame("feature_flags", features(state)))


ROUTES = [web.get("/ws", connect)]
