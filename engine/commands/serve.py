"""``main.py serve``: the server, until it is stopped."""

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import ssl
import sys
from pathlib import Path

from aiohttp import web
from filelock import FileLock, Timeout

from engine.errors import AccountError, LoomError
from engine.memory import collect_garbage_rarely
from engine.server.app import build
from engine.server.state import STATE, ServerConfig
from engine.store import accounts
from engine.store.database import connect
from engine.workers.config import WorkerConfig

from .arguments import ROOT, add_device, add_folders, device_of, folders_of, packs_of
from .cache_flags import cache_of
from .precision_flags import precision_of
from .worker_flags import add_workers, workers_of

log = logging.getLogger("loom")

EVERYWHERE = "0.0.0.0,::"
#: Characters of a token given at start.
SHORTEST_TOKEN = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``serve``."""
    add_folders(parser)
    add_device(parser)
    add_workers(parser)
    _add_network(parser)
    group = parser.add_argument_group("behaviour")
    group.add_argument("--disable-assets", action="store_true", help="answer /api/assets with 503")
    group.add_argument("--disable-metadata", action="store_true", help="save no workflow in files")
    group.add_argument(
        "--watch-packs", action="store_true", help="load a node pack anew when its files change"
    )
    group.add_argument(
        "--preview-method",
        choices=("none", "auto", "latent2rgb", "taesd"),
        help="pictures while sampling: by a matrix (latent2rgb), by a tiny decoder in the folder "
        "vae_approx where there is one for the model (taesd), or by that only where it is quick "
        "(auto, the default). Given, every client gets them; by default, those that say they "
        "tell them from results, as the canvas does",
    )
    group.add_argument(
        "--preview-size", type=int, default=512, metavar="PX", help="longest side (default: 512)"
    )
    start = group.add_mutually_exclusive_group()
    start.add_argument("--auto-launch", action="store_true", help="open the canvas in the browser")
    start.add_argument("--disable-auto-launch", action="store_true", help="do not (the default)")
    group.add_argument("--dont-print-server", action="store_true", help="print only warnings")
    group.add_argument(
        "--verbose",
        nargs="?",
        const="DEBUG",
        default="INFO",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
        help="how much to log (default: INFO)",
    )
    group.add_argument(
        "--traces",
        action="store_true",
        help="send a trace of each job, its nodes and their steps by OTLP to where "
        "OTEL_EXPORTER_OTLP_ENDPOINT says (default: port 4318 here); needs latent-loom[traces]",
    )
    group.add_argument("--log-stdout", action="store_true", help="log to standard output")
    group.add_argument(
        "--front-end-root", type=Path, metavar="DIR", help="serve this canvas, not the built one"
    )
    group.add_argument(
        "--quick-test-for-ci", action="store_true", help="start, wait for the worker, and end"
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    group.add_argument(
        "--listen",
        nargs="?",
        const=EVERYWHERE,
        default="127.0.0.1",
        metavar="IP[,IP]",
        help="addresses to listen on (default: 127.0.0.1; without a value: all)",
    )
    group.add_argument("--port", type=int, default=8188, help="default: 8188")
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name that this server is reached by, such as that of a proxy; may be repeated",
    )
    group.add_argument(
        "--token",
        metavar="TOKEN",
        help="ask for this token; @FILE reads it from a file, and LOOM_TOKEN in the environment "
        "does the same. The page is opened as /?token=TOKEN",
    )
    group.add_argument(
        "--multi-user",
        action="store_true",
        help="ask for an account; `main.py users add NAME` makes one. Accounts are asked for "
        "without this flag too, as soon as there are any",
    )
    group.add_argument(
        "--insecure-no-auth",
        action="store_true",
        help="allow --listen on addresses that other computers reach without accounts or "
        "a token; whoever reaches them can use this server",
    )
    group.add_argument("--tls-keyfile", type=Path, metavar="FILE", help="private key for https")
    group.add_argument("--tls-certfile", type=Path, metavar="FILE", help="certificate for https")
    group.add_argument(
        "--enable-cors-header",
        nargs="?",
        const="*",
        metavar="ORIGIN",
        help="let pages of this origin use the API (without a value: all)",
    )
    group.add_argument(
        "--max-upload-size", type=float, default=100, metavar="MB", help="default: 100"
    )


def run(args: argparse.Namespace) -> int:
    """Serve; 2 if the flags or the surroundings do not allow it."""
    collect_garbage_rarely()
    logging.basicConfig(
        level=_level(args),
        format="%(message)s",
        stream=sys.stdout if args.log_stdout else sys.stderr,
    )
    hosts = tuple(host.strip() for host in args.listen.split(",") if host.strip())
    try:
        server, worker = _configs(args, hosts)
        server.folders.user.mkdir(parents=True, exist_ok=True)
        problem = admission(server, args.insecure_no_auth) or _lacking(args)
    except LoomError as error:
        problem = str(error)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    lock = FileLock(server.folders.user / "server.lock")
    try:
        with lock.acquire(timeout=0):
            return asyncio.run(_serve(args, server, worker))
    except LoomError as error:
        print(error, file=sys.stderr)
        return 2
    except Timeout:
        text = "Another server uses the same user folder; stop it or choose --user-directory."
        print(text, file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"Cannot listen on port {args.port}: {error.strerror}. Choose --port.", file=sys.stderr
        )
        return 2


def _shown(argv: list[str]) -> tuple[str, ...]:
    """The command line as it may be told, without the token."""
    shown = list(argv)
    for i, word in enumerate(argv):
        if word == "--token" and i + 1 < len(shown):
            shown[i + 1] = "***"
        elif word.startswith("--token="):
            shown[i] = "--token=***"
    return tuple(shown)


def _level(args: argparse.Namespace) -> str:
    return "WARNING" if args.dont_print_server else str(args.verbose)


def admission(server: ServerConfig, insecure: bool) -> str:
    """Why a server may not start like this; empty if it may."""
    has_users = _has_users(server.folders.user / "loom.db")
    if server.accounts_only and not has_users:
        return "--multi-user asks for accounts, and there are none: main.py users add NAME"
    open_hosts = [host for host in server.hosts if not _is_loopback(host)]
    if not open_hosts or insecure or has_users or server.token is not None:
        return ""
    return (
        f"--listen {','.join(open_hosts)} would let other computers run workflows here without "
        "a password. Make an account (main.py users add NAME), give a --token, or add "
        "--insecure-no-auth if everybody on that network may use this server."
    )


def _lacking(args: argparse.Namespace) -> str:
    """The extra that a flag needs and that is not installed; empty if there is none."""
    if args.traces:
        try:
            import engine.server.traces  # noqa: F401
        except ImportError:
            return "--traces needs OpenTelemetry: pip install 'latent-loom[traces]'."
    return ""


def _has_users(path: Path) -> bool:
    if not path.is_file():
        return False
    with contextlib.closing(connect(path)) as db:
        return bool(accounts.everybody(db))


def _token(args: argparse.Namespace) -> str | None:
    """The token that the flags or the environment give.

    Raises:
        AccountError: it is too short to be safe, or its file cannot be read.
    """
    given = args.token or os.environ.get("LOOM_TOKEN")
    if not given:
        return None
    try:
        token = Path(given[1:]).read_text().strip() if given.startswith("@") else given
    except OSError as error:
        raise AccountError(
            f"The token file {given[1:]} cannot be read: {error.strerror}."
        ) from error
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        text = f"The token has {len(token)} characters; give {SHORTEST_TOKEN} or more, in ASCII."
        raise AccountError(text)
    return token


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _configs(args: argparse.Namespace, hosts: tuple[str, ...]) -> tuple[ServerConfig, WorkerConfig]:
    folders = folders_of(args)
    server = ServerConfig(
        folders=folders,
        hosts=hosts,
        port=args.port,
        names=tuple(args.allow_host),
        web_root=args.front_end_root or ROOT / "web" / "dist",
        max_upload=int(args.max_upload_size * 2**20),
        cors_origin=args.enable_cors_header,
        token=_token(args),
        accounts_only=args.multi_user,
        metadata=not args.disable_metadata,
        assets=not args.disable_assets,
        traces=args.traces,
        shows_all=args.preview_method is not None,
        argv=_shown(sys.argv),
    )
    worker = WorkerConfig(
        folders=folders,
        device=device_of(args),
        cache=cache_of(args),
        **precision_of(args),
        packs=packs_of(args),
        isolated=tuple(args.isolate),
        isolated_bytes=args.isolated_memory,
        watch_packs=args.watch_packs,
        previews=args.preview_method or "auto",
        preview_size=args.preview_size,
        patience=args.hang_timeout,
        log=_level(args),
    )
    return server, worker


async def _serve(args: argparse.Namespace, server: ServerConfig, worker: WorkerConfig) -> int:
    with workers_of(args, worker) as (places, make):
        return await _listen(args, server, build(server, worker, places, make))


async def _listen(args: argparse.Namespace, server: ServerConfig, app: web.Application) -> int:
    runner = web.AppRunner(app, access_log=None)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM"):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(getattr(signal, name), stop.set)
    await runner.setup()
    try:
        tls = _tls(args)
        for host in server.hosts:
            await web.TCPSite(runner, host, server.port, ssl_context=tls).start()
        _greet(args, server, tls is not None)
        if args.quick_test_for_ci:
            await runner.app[STATE].dispatcher.pool.wait()
        else:
            await stop.wait()
    finally:
        await runner.cleanup()
    return 0


def _tls(args: argparse.Namespace) -> ssl.SSLContext | None:
    if args.tls_certfile is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(args.tls_certfile, args.tls_keyfile)
    return context


def _greet(args: argparse.Namespace, server: ServerConfig, tls: bool) -> None:
    scheme = "https" if tls else "http"
    addresses = [f"[{host}]" if ":" in host else host for host in server.hosts]
    for address in addresses:
        log.info("Latent Loom is on %s://%s:%d", scheme, address, server.port)
    if args.insecure_no_auth:
        log.warning("Everybody who reaches these addresses can use this server.")
    if args.auto_launch:
        import webbrowser

        shown = "127.0.0.1" if server.hosts[0] in EVERYWHERE.split(",") else addresses[0]
        query = f"/?token={server.token}" if server.token else ""
        webbrowser.open(f"{scheme}://{shown}:{server.port}{query}")
