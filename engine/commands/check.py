"""``main.py check``: every fault of a workflow, without running it."""

import argparse
import sys
from pathlib import Path

from engine.errors import InvalidPrompt, LoomError
from engine.graph.validate import Validated, validate

from .arguments import add_folders, folders_of
from .source import prompt_of, read, specs_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``check``."""
    parser.add_argument("workflow", type=Path, help="API or canvas JSON, or a picture with one")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Print the faults; 1 if there are any."""
    folders = folders_of(args)
    specs = specs_of(args, folders)
    try:
        prompt, _ = prompt_of(read(args.workflow), specs)
        checked = validate(prompt, specs, folders.list)
    except LoomError as error:
        print(explain(error), file=sys.stderr)
        return 1
    if checked.node_errors:
        print("\n".join(fault_lines(checked.node_errors)), file=sys.stderr)
        return 1
    print(_summary(checked))
    return 0


def explain(error: LoomError) -> str:
    """An error as lines for a terminal."""
    if not isinstance(error, InvalidPrompt):
        return str(error)
    lines = fault_lines(error.node_errors)
    return "\n".join([f"{error.message}.", *(lines or [error.details])])


def fault_lines(node_errors: dict[str, dict]) -> list[str]:  # type: ignore[type-arg]
    """One line for each fault."""
    return [
        f"  node {id} ({found['class_type']}): {fault['message']}: {fault['details']}"
        for id, found in node_errors.items()
        for fault in found["errors"]
    ]


def _summary(checked: Validated) -> str:
    outputs = ", ".join(f"{id} ({checked.prompt[id].kind})" for id in checked.outputs)
    return f"No faults: {len(checked.prompt)} nodes lead to {outputs}."
