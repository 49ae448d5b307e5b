"""``python tools/write_docs.py``: pages of docs/, stubs of nodes, types of routes, from the code.

``tests/test_docs.py`` fails while a page differs from what this writes, so they stay true.
"""

import argparse
import ast
import importlib
import inspect
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.commands.arguments import Parser  # noqa: E402
from engine.graph.help import help_page  # noqa: E402
from engine.plugins.discovery import builtin_nodes  # noqa: E402
from engine.script.stubs import stubs_of  # noqa: E402
from engine.server.openapi import document  # noqa: E402
from engine.server.routes import ROUTES  # noqa: E402
from main import COMMANDS  # noqa: E402
from tools.typescript import types_of  # noqa: E402

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
        "Every route that has no `/api` in its path exists with and without this prefix.",
        'Bad input is answered with 4xx and a JSON body: `{"error": text}`, or for `/prompt`',
        "the error with all `node_errors`.",
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


def packs_page() -> str:
    """What became of the packs of the tests, each of which uses other parts of the contract."""
    with tempfile.TemporaryDirectory() as folder:
        packs = Path(folder) / "custom_nodes"
        shutil.copytree(ROOT / "tests" / "packs", packs, ignore=shutil.ignore_patterns(*UNLISTED))
        shutil.copytree(ROOT / "custom_nodes" / "example_pack", packs / "example_pack")
        command = [sys.executable, str(ROOT / "main.py"), "packs", "--json"]
        command += ["--base-directory", folder]
        said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        found = json.loads(said.stdout)
        rows = [_pack_row(packs, pack) for pack in found]
    parts = [
        NOTE,
        "# Packs that the tests load\n",
        "`python main.py packs` says this of every pack in `custom_nodes/`. Each of these uses",
        "other parts of what packs of the field rely on ([compatibility.md](compatibility.md)).\n",
        "| pack | what it is | nodes | level | names it uses of other programs | missing here |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*parts, *rows, ""])


#: What is no pack, or fails on purpose.
UNLISTED = ("__pycache__", "isolated")


def _pack_row(packs: Path, pack: Mapping[str, Any]) -> str:
    path = packs / pack["name"]
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    paragraph = (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n\n")[0]
    about = " ".join(paragraph.split())
    level = pack["level"] or "own"
    names = ", ".join(f"`{need['name']}`" for need in pack["needs"])
    lacks = ", ".join(f"`{name}`" for name in pack["lacks"])
    return f"| {pack['name']} | {about} | {len(pack['nodes'])} | {level} | {names} | {lacks} |"


def types() -> str:
    """What the canvas knows of the server's answers."""
    return types_of(document(ROUTES))


def stubs() -> str:
    """What type checkers and editors know of the nodes as functions."""
    return stubs_of(node.spec for _, node in builtin_nodes())


PAGES: dict[str, Callable[[], str]] = {
    "docs/packs.md": packs_page,
    "docs/nodes.md": nodes_page,
    "docs/api.md": api_page,
    "docs/cli.md": cli_page,
    "engine/script/nodes.pyi": stubs,
    "web/src/net/api.d.ts": types,
}


if __name__ == "__main__":
    for path, page in PAGES.items():
        (ROOT / path).write_text(page())
