"""The application: state, routes under ``/`` and ``/api``, the canvas, start and end.

Invariant: listening comes first; whatever takes time (the worker, the database's recovery)
goes on behind it.
"""

import asyncio
import contextlib
import json
import logging
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Middleware

from engine.errors import LoomError
from engine.store.database import Database
from engine.workers.config import WorkerConfig
from engine.workers.local import LocalWorker
from engine.workers.pool import MakeProcess
from engine.workers.seats import Seat, seats

from . import second_door
from .access import admit
from .assets import Assets
from .catalogue import Catalogue
from .dispatcher import Dispatcher
from .hub import Hub
from .logs import Line, Logs
from .people import People
from .routes import ROUTES
from .security import PAGE_POLICY, Handler, guard
from .state import STATE, ServerConfig, ServerState

if TYPE_CHECKING:
    from .traces import Traces

log = logging.getLogger("loom")

#: The answer that opens a websocket; how long that stays open is no latency.
SWITCHED = 101
_NOT_BUILT = "The canvas is not built. `make run` builds it; the API works without it."


def build(
    config: ServerConfig,
    worker: WorkerConfig,
    places: Sequence[Seat] = (),
    make: MakeProcess | None = None,
) -> web.Application:
    """The application of a server.

    Args:
        config: settings of the server.
        worker: settings of its workers.
        places: where workers are to be; none means one on the device of ``worker``.
        make: makes their processes; None makes them on this computer.
    """
    places = places or seats([worker.device])
    state = _state(config, places, make or partial(LocalWorker, worker))
    app = web.Application(
        middlewares=[
            count(state),
            answer_errors,
            guard(config.cors_origin, config.names),
            admit(state.people),
            state.dispatcher.passage.middleware(),
        ],
        client_max_size=config.max_upload,
    )
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
        if not route.path.startswith("/api/"):
            app.router.add_route(route.method, f"/api{route.path}", route.handler)
    if (other := second_door.installed()) is not None:
        for route in ROUTES:
            for path in second_door.paths_of(route.path):
                app.router.add_route(route.method, path, route.handler)
        second_door.open_at(app, other)
    app.router.add_get("/", index)
    if config.web_root.is_dir():
        app.router.add_static("/", config.web_root)
    app[STATE] = state
    app.on_shutdown.append(lambda app: state.hub.close())
    app.cleanup_ctx.append(lambda app: _lifetime(state))
    return app


def _state(config: ServerConfig, places: Sequence[Seat], make: MakeProcess) -> ServerState:
    folders = config.folders
    shutil.rmtree(folders.temp, ignore_errors=True)
    folders.create()
    database, hub = Database(folders.user / "loom.db"), Hub(config.shows_all)
    catalogue = Catalogue(folders.user / "nodes.json")
    traces = _traces() if config.traces else None
    dispatcher = Dispatcher(
        database, hub, catalogue, folders, places, make, config.metadata, traces
    )
    people = People(database, config.token, config.accounts_only)
    return ServerState(
        config, database, hub, catalogue, dispatcher, people, Logs(), Assets(database, folders)
    )


def _traces() -> "Traces":
    from .traces import Traces, provider  # an extra, which few have

    return Traces(provider())


async def _lifetime(state: ServerState) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()

    def tell(line: Line) -> None:
        loop.call_soon_threadsafe(_tell_line, state, line)

    state.logs.tell = tell
    logging.getLogger().addHandler(state.logs)
    task = asyncio.create_task(state.dispatcher.run())
    task.add_done_callback(_report)
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    logging.getLogger().removeHandler(state.logs)
    state.database.close()


def _tell_line(state: ServerState, line: Line) -> None:
    for session in state.listeners:
        state.hub.send("logs", {"entries": [line], "size": None}, session)


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("The dispatcher stopped", exc_info=error)


async def index(request: web.Request) -> web.StreamResponse:
    """The page of the canvas."""
    page = request.app[STATE].config.web_root / "index.html"
    headers = {"Cache-Control": "no-store, must-revalidate", "Content-Security-Policy": PAGE_POLICY}
    if not page.is_file():
        return web.Response(text=_NOT_BUILT, headers=headers)
    return web.FileResponse(page, headers=headers)


def count(state: ServerState) -> Middleware:
    """The middleware that counts answers; it sees those of all others."""

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        began, status = time.perf_counter(), 500
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            resource = request.match_info.route.resource
            route = resource.canonical if resource is not None else "unknown"
            seconds = 0.0 if status == SWITCHED else time.perf_counter() - began
            state.dispatcher.record.counts.request(request.method, route, status, seconds)

    return counted


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors of the engine into 400 answers and log what nobody expected."""
    try:
        return await handler(request)
    except LoomError as error:
        body = json.dumps({"error": str(error)})
        return web.Response(text=body, status=400, content_type="application/json")
    except (web.HTTPException, asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        body = json.dumps({"error": "The server made a mistake; its log says which."})
        return web.Response(text=body, status=500, content_type="application/json")
