"""What the handlers share: one object, built at start and found in every request.

Invariant: the only global of the server is the application that holds this state.
"""

from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from engine.folders import Folders
from engine.graph.prompt import Reader
from engine.graph.validate import Checks
from engine.store.database import Database

from .catalogue import Catalogue
from .dispatcher import Dispatcher
from .hub import Hub


@dataclass(frozen=True)
class ServerConfig:
    """Settings of the server.

    Attributes:
        folders: roots of the installation.
        hosts: addresses to listen on.
        port: TCP port.
        web_root: the built canvas.
        max_upload: largest request body, in bytes.
        cors_origin: origin that may use the API from elsewhere; ``*`` for all; None for none.
        metadata: whether output files carry the workflow.
        argv: command line, for ``/system_stats``.
    """

    folders: Folders
    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 8188
    web_root: Path = Path("web/dist")
    max_upload: int = 100 << 20
    cors_origin: str | None = None
    metadata: bool = True
    argv: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ServerState:
    """Everything a handler may need.

    Attributes:
        config: settings.
        database: holds queue, history and settings.
        hub: the websocket clients.
        catalogue: the nodes.
        dispatcher: keeps the workers busy.
        reader: reads prompts.
        checks: what is known of the nodes of the prompt before.
    """

    config: ServerConfig
    database: Database
    hub: Hub
    catalogue: Catalogue
    dispatcher: Dispatcher
    reader: Reader = field(default_factory=Reader)
    checks: Checks = field(default_factory=Checks)


STATE = web.AppKey("state", ServerState)


def state_of(request: web.Request) -> ServerState:
    """The state behind a request."""
    return request.app[STATE]
