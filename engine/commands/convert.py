"""``main.py convert``: a workflow of the canvas, of the API or in Python as one of the others."""

import argparse
import json
import sys
from pathlib import Path

from engine.errors import LoomError
from engine.graph.prompt import to_json
from engine.script.source import source_of

from .arguments import add_folders, folders_of
from .source import SCRIPT_SUFFIX, prompt_of, read, specs_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``convert``."""
    parser.add_argument(
        "workflow", type=Path, help="canvas or API JSON, a Python script, or a picture with one"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write here instead of standard output; Python if the name ends in .py",
    )
    parser.add_argument(
        "--python", action="store_true", help="write Python source that makes the workflow again"
    )
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Print or write the prompt, or the source; 1 if the file cannot be read."""
    specs = specs_of(args, folders_of(args))
    try:
        prompt, about = prompt_of(read(args.workflow), specs)
    except LoomError as error:
        print(error, file=sys.stderr)
        return 1
    if args.python or (args.output is not None and args.output.suffix == SCRIPT_SUFFIX):
        text = source_of(about["prompt"], specs)
    else:
        text = json.dumps(to_json(prompt), indent=2) + "\n"
    if args.output is None:
        sys.stdout.write(text)
    else:
        args.output.write_text(text, "utf-8")
    return 0
