"""What the handlers share: one object, built at start and found in every request.

Invariant: the only global of the server is the application that holds this state.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from engine.folders import Folders
from engine.graph.prompt import Reader
from engine.graph.validate import Checks
from engine.store.database import Database

from .assets import Assets
from .attempts import Attempts
from .catalogue import Catalogue
from .dispatcher import Dispatcher
from .hub import Hub
from .logs import Logs
from .people import People


@dataclass(frozen=True)
class ServerConfig:
    """Settings of the server.

    Attributes:
        folders: roots of the installation.
        hosts: addresses to listen on.
        port: TCP port.
        names: that the server is reached by, besides its addresses.
        web_root: the built canvas.
        max_upload: largest request body, in bytes.
        cors_origin: origin that may use the API from elsewhere; ``*`` for all; None for none.
        token: lets whoever brings it in; None asks for none.
        accounts_only: demand an account.
        metadata: whether output files carry the workflow.
        assets: whether ``/api/assets`` answers.
        traces: send traces of jobs to an OpenTelemetry collector.
        shows_all: send previews to clients too that do not tell them from results.
        argv: command line, for ``/system_stats``.
    """

    folders: Folders
    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 8188
    names: tuple[str, ...] = ()
    web_root: Path = Path("web/dist")
    max_upload: int = 100 << 20
    cors_origin: str | None = None
    token: str | None = field(default=None, repr=False)
    accounts_only: bool = False
    metadata: bool = True
    assets: bool = True
    traces: bool = False
    shows_all: bool = False
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
        people: knows who is asking.
        logs: what was said last.
        assets: keeps what is known of the files in the folders.
        listeners: websocket sessions that hear of each line of it.
        attempts: counts wrong passwords.
        hashing: how many passwords may be checked at once.
        reader: reads prompts.
        checks: what is known of the nodes of the prompt before.
    """

    config: ServerConfig
    database: Database
    hub: Hub
    catalogue: Catalogue
    dispatcher: Dispatcher
    people: People
    logs: Logs
    assets: Assets
    listeners: set[str] = field(default_factory=set)
    reader: Reader = field(default_factory=Reader)
    checks: Checks = field(default_factory=Checks)
    attempts: Attempts = field(default_factory=Attempts)
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))


STATE = web.AppKey("state", ServerState)


def state_of(request: web.Request) -> ServerState:
    """The state behind a request."""
    return request.app[STATE]
