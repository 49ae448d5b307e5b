"""``server``: the ``PromptServer`` that packs register routes with and send events by.

The real server is another process. Routes of packs are served in the worker, on an address that
only the server knows (:mod:`engine.workers.door`), and the server passes requests on; events go
to it as messages.

Invariant: registering never fails; what is registered after the worker has said that it is
ready is not served.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from aiohttp import web

from engine.plugins.serving import SERVING

from . import state
from .missing import Missing

#: Gets the body of ``POST /prompt`` and gives it back, perhaps changed.
PromptHandler = Callable[[dict[str, Any]], dict[str, Any]]


class BinaryEventTypes:
    """Kinds of binary frames."""

    PREVIEW_IMAGE = 1
    UNENCODED_PREVIEW_IMAGE = 2
    TEXT = 3
    PREVIEW_IMAGE_WITH_METADATA = 4


class _Server:
    """What packs know as ``PromptServer.instance``.

    Attributes:
        on_prompt_handlers: asked about each prompt, in order.
        supports: features that packs announce.
        last_node_id: the node that was called last.
    """

    def __init__(self) -> None:
        self.on_prompt_handlers: list[PromptHandler] = []
        self.supports: list[str] = []
        self.sockets: dict[str, Any] = {}
        self.number = 0

    @cached_property
    def app(self) -> web.Application:
        """For packs that add routes to the application itself."""
        return web.Application()

    @property
    def routes(self) -> web.RouteTableDef:
        """What packs register with."""
        return SERVING.routes

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that routes run on, once it runs."""
        return state.loop

    @property
    def client_id(self) -> str | None:
        """The client whose job was begun last."""
        return state.client

    @property
    def last_node_id(self) -> str | None:
        """The node that is being called."""
        return None if (ctx := state.context()) is None else ctx.node_id

    def send_sync(self, event: str, data: Any, sid: str | None = None) -> None:
        """Send an event to a client, or to all; from any thread."""
        SERVING.send(str(event), data if isinstance(data, Mapping) else {"value": data}, sid)

    async def send(self, event: str, data: Any, sid: str | None = None) -> None:
        """The same for coroutines."""
        self.send_sync(event, data, sid)

    send_json = send

    def add_on_prompt_handler(self, handler: PromptHandler) -> None:
        """Let a function see, and change, the body of every ``POST /prompt``."""
        self.on_prompt_handlers.append(handler)

    def add_routes(self) -> None:
        """Nothing to do: routes are taken over when all packs are loaded."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"server.PromptServer.instance.{name}")


class PromptServer:
    """Holds the one instance."""

    instance = _Server()


def application() -> web.Application | None:
    """All that packs registered, ready to be served; None if they registered nothing."""
    known = PromptServer.instance
    app = known.app
    app.add_routes(known.routes)
    return app if len(app.router.routes()) else None


def forget(module: str) -> None:
    """Take back what a pack registered, by the name of its module, before it is loaded anew."""
    known = PromptServer.instance
    kept = [route for route in known.routes if not _is_of(module, _handler(route))]
    known.routes._items[:] = kept
    known.on_prompt_handlers = [h for h in known.on_prompt_handlers if not _is_of(module, h)]
    known.__dict__.pop("app", None)  # what was served stays with the address of before


def _handler(route: web.AbstractRouteDef) -> Any:
    return getattr(route, "handler", None)


def _is_of(module: str, handler: Any) -> bool:
    name = str(getattr(handler, "__module__", ""))
    return name == module or name.startswith(f"{module}.")


def asked_about(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a prompt after all handlers; one that fails changes nothing."""
    for handler in PromptServer.instance.on_prompt_handlers:
        try:
            body = handler(body) or body
        except Exception as error:
            print(f"A pack's prompt handler failed and was passed over: {error!r}")
    return body
