"""``main.py packs``: what became of each node pack, what it asks for, and what it lacks here."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine import compat
from engine.compat.needs import needs_of
from engine.folders import Folders
from engine.plugins.discovery import Open, Pack, builtin_nodes, load_pack, pack_paths

from . import pack_packages
from .arguments import add_folders, folders_of, isolation_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``packs``."""
    parser.add_argument("names", nargs="*", help="only these packs")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--install",
        metavar="NAME",
        help="install the packages that this isolated pack needs into an environment of its own, "
        "below environments/ of the base directory, after asking",
    )
    parser.add_argument("--yes", action="store_true", help="with --install: do not ask")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Load the packs and print what became of them; 1 if any failed or lacks something."""
    folders = folders_of(args)
    if args.install:
        return pack_packages.install(folders, args.install, args.yes)
    isolation = isolation_of(args, folders)
    found = [report(path, isolation.open) for path in _paths(folders, args.names)]
    isolation.close()
    if args.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n\n".join(text(pack) for pack in found) or "There are no packs.")
    return 1 if any(pack["error"] or pack["lacks"] for pack in found) else 0


def _paths(folders: Folders, names: Sequence[str]) -> list[Path]:
    compat.install(folders, dict(builtin_nodes()))
    paths = [path for root in folders.custom_nodes for path in pack_paths(root)]
    return [path for path in paths if not names or path.stem in names]


def report(path: Path, open: Open = load_pack) -> dict[str, Any]:
    """One pack: its nodes, import time, error, the names it uses and those that are missing."""
    _, pack = open(path)
    needs = needs_of(path)
    return {
        "name": pack.name,
        "nodes": list(pack.nodes),
        "seconds": round(pack.seconds, 3),
        "error": _error(pack),
        "isolated": pack.isolated,
        "asks": pack.asks,
        "held": pack.held,
        "note": pack.note,
        "level": max((need.level for need in needs), default=0),
        "needs": [asdict(need) for need in needs],
        "lacks": [need.name for need in needs if not need.is_there],
    }


def _error(pack: Pack) -> str:
    """The error in a line; a module that is not installed is named with what installs it."""
    lines = pack.error.strip().splitlines()
    if not lines:
        return ""
    name, _, why = lines[-1].partition(": ")
    if name.endswith("ModuleNotFoundError") and "'" in why:
        module = why.split("'")[1].partition(".")[0]
        return f"{why}; its requirements name it, or: pip install {module}"
    return lines[-1]


def text(pack: Mapping[str, Any]) -> str:
    """A pack as lines for people."""
    state = f"failed: {pack['error']}" if pack["error"] else f"{len(pack['nodes'])} nodes"
    lines = [f"{pack['name']}: {state} ({pack['seconds'] * 1000:.0f} ms)"]
    lines += [f"  {_asks(pack['asks'], pack['held'])}"]
    lines += [f"  {pack['note']}"] if pack["note"] else []
    if pack["needs"]:
        have = len(pack["needs"]) - len(pack["lacks"])
        lines.append(f"  level {pack['level']}, {have} of {len(pack['needs'])} names are here")
    lines += [f"  lacks {name}" for name in pack["lacks"]]
    return "\n".join(lines)


def _asks(asks: Mapping[str, Any] | None, held: str) -> str:
    """What a pack asks for, in a line, and what holds it to that."""
    where = f"isolated, held by {held}" if held else "in the shared worker: not enforced"
    if asks is None:
        return f"does not say what it needs ({where})"
    folders = asks["file-write"]
    reasons = ((name, why) for name, why in asks.items() if name != "file-write")
    named = [f"{name} ({why})" if why else name for name, why in reasons]
    named += [f"writing to {', '.join(folders)}"] if folders else []
    return f"asks for {', '.join(named) or 'nothing'} ({where})"
