"""``main.py diff``: what differs between two workflows, layout and numbering aside."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from engine.errors import LoomError
from engine.graph.diff import Change, diff
from engine.graph.prompt import Link

from .arguments import add_folders, folders_of
from .source import prompt_of, read, specs_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``diff``."""
    for name in ("first", "second"):
        parser.add_argument(name, type=Path, help="API or canvas JSON, or a picture with one")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Print a line for each difference; 0 if there are none, 1 if there are, 2 on bad files."""
    specs = specs_of(args, folders_of(args))
    try:
        first, second = (prompt_of(read(path), specs)[0] for path in (args.first, args.second))
    except LoomError as error:
        print(error, file=sys.stderr)
        return 2
    changes = diff(first, second)
    for change in changes:
        print(line(change))
    return 1 if changes else 0


def line(change: Change) -> str:
    """A difference in one line."""
    what = f"{change.sign} {change.node} {change.kind}"
    if not change.input:
        return what
    return f"{what}.{change.input}: {_shown(change.before)} -> {_shown(change.after)}"


def _shown(value: Any) -> str:
    if isinstance(value, Link):
        return f"[{value.node}, {value.slot}]"
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=repr)
