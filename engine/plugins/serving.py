"""What packs serve to browsers, and how they reach them.

Invariant: routes of packs are served in the worker and passed on by the server; aiohttp is loaded
when the first pack asks for them.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

#: Sends an event to a client, or to all if that is None; from any thread.
Send = Callable[[str, Mapping[str, Any], str | None], None]


def _nobody(type: str, data: Mapping[str, Any], client: str | None) -> None:
    """Where there is no server, events are heard by nobody."""


class Serving:
    """The one place where packs register.

    Attributes:
        send: sends events, once there is a server.
    """

    def __init__(self) -> None:
        self.send: Send = _nobody

    @cached_property
    def routes(self) -> "web.RouteTableDef":
        """What packs serve."""
        from aiohttp import web

        return web.RouteTableDef()

    @property
    def is_asked(self) -> bool:
        """Whether any pack has asked for the routes."""
        return "routes" in self.__dict__


SERVING = Serving()
