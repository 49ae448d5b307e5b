"""Writes docs/nodes.md, docs/api.md and docs/cli.md from the code: ``python tools/write_docs.py``.

``tests/test_docs.py`` fails while a page differs from what this writes, so they stay true.
"""

import argparse
import importlib
import inspect
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.commands.arguments import Parser  # noqa: E402
from engine.graph.help import help_page  # noqa: E402
from engine.plugins.discovery import builtin_nodes  # noqa: E402
from engine.server.routes import ROUTES  # noqa: E402
from main import COMMANDS  # noqa: E402

NOTE = "<!-- Written by tools/write_docs.py; change the code, not this page. -->\n"


def nodes_page() -> str:
    """Every built-in node with its inputs and outputs."""
    specs = sorted((node.spec for _, node in builtin_nodes()), key=lambda s: (s.category, s.id))
    parts = [NOTE, "# Built-in nodes\n"]
    for category, group in groupby(specs, key=lambda spec: spec.category):
        parts.append(f"## {category}\n")
        parts += [help_page(spec, level=3) for spec in group]
    return "\n".join(parts)


def api_page() -> str:
    """Every route with what its handler says of itself."""
    parts = [
        NOTE,
        "# HTTP and websocket\n",
        "Every route exists with and without the prefix `/api`. Bad input is answered with 4xx",
        'and a JSON body: `{"error": text}`, or for `/prompt` the error with all `node_errors`.',
        "Websocket frames are `{type, data}` JSON. Pictures are binary frames: of type 4, with",
        "metadata, for clients that announce `supports_preview_metadata`, else of type 1. Pictures",
        "of the work in progress go to others only if `preview_method` in the `extra_data` of the",
        "prompt or `--preview-method` asks, for scripts take every picture for a result.\n",
        "`/ws?clientId=ID` hears of runs that the client ID queued, `&watch=all` of everybody's.",
        "Frames that stand in the log of runs carry its number as `seq`; `/ws?...&after=SEQ` first",
        "tells what came behind that number and then `x_caught_up`; `GET /x/events` reads the same",
        "log. Progress and previews have no number: only the last of them matters.\n",
        "| route | what it does |",
        "|---|---|",
    ]
    rows = sorted(ROUTES, key=lambda route: (route.path, route.method))
    parts += [f"| `{route.method} {route.path}` | {_summary(route.handler)} |" for route in rows]
    return "\n".join(parts) + "\n"


def _summary(handler: object) -> str:
    paragraph = (inspect.getdoc(handler) or "").split("\n\n")[0]
    return " ".join(paragraph.split()).replace("|", "\\|")


def cli_page() -> str:
    """The flags of every command."""
    parts = [NOTE, "# Command line\n"]
    for name, about in COMMANDS.items():
        parser = Parser(add_help=False)
        importlib.import_module("engine.commands." + name.replace("-", "_")).add_arguments(parser)
        parts += [f"## {name}\n", f"{about[0].upper()}{about[1:]}.\n"]
        parts += ["| argument | what it does |", "|---|---|"]
        parts += [_flag(action) for action in parser._actions]
        parts.append("")
    return "\n".join(parts)


def _flag(action: argparse.Action) -> str:
    name = " / ".join(action.option_strings) or action.dest
    values = "\\|".join(map(str, action.choices)) if action.choices else action.metavar or ""
    if not action.option_strings or action.nargs == 0:
        values = ""
    return f"| `{name} {values}`".rstrip(" `") + f"` | {action.help or ''} |"


PAGES: dict[str, Callable[[], str]] = {
    "docs/nodes.md": nodes_page,
    "docs/api.md": api_page,
    "docs/cli.md": cli_page,
}


if __name__ == "__main__":
    for path, page in PAGES.items():
        (ROOT / path).write_text(page())
