"""``main.py convert``: a canvas workflow, or a picture with one, as an API-format prompt."""

import argparse
import json
import sys
from pathlib import Path

from engine.errors import LoomError
from engine.graph.prompt import to_json

from .arguments import add_folders, folders_of
from .source import prompt_of, read, specs_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``convert``."""
    parser.add_argument("workflow", type=Path, help="canvas JSON, or a picture with one")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write here instead of standard output"
    )
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Print or write the prompt; 1 if the file cannot be read."""
    specs = specs_of(args, folders_of(args))
    try:
        prompt, _ = prompt_of(read(args.workflow), specs)
    except LoomError as error:
        print(error, file=sys.stderr)
        return 1
    text = json.dumps(to_json(prompt), indent=2) + "\n"
    if args.output is None:
        sys.stdout.write(text)
    else:
        args.output.write_text(text, "utf-8")
    return 0
