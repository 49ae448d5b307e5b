"""``main.py run``: a workflow without a server, with a progress bar."""

import argparse
import asyncio
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from engine.errors import LoomError
from engine.execution.events import Event, Outcome
from engine.execution.executor import Run
from engine.folders import Folders
from engine.graph.validate import validate
from engine.workers.config import WorkerConfig
from engine.workers.runtime import Runtime, build

from .arguments import add_device, add_folders, device_of, folders_of, packs_of
from .cache_flags import cache_of
from .check import explain, fault_lines
from .precision_flags import precision_of
from .source import apply_settings, prompt_of, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``run``."""
    parser.add_argument("workflow", type=Path, help="API or canvas JSON, or a picture with one")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="NODE.INPUT=VALUE",
        help="change an input; NODE is an id, a title or a type; may be given several times",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="save results here (as --output-directory)"
    )
    parser.add_argument("--disable-metadata", action="store_true", help="save no workflow in files")
    parser.add_argument("--json", action="store_true", help="print what the nodes showed as JSON")
    add_folders(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Run it; 1 if it is at fault or fails, 130 if it was interrupted."""
    if args.output is not None:
        args.output_directory = args.output
    folders = folders_of(args)
    try:
        data = read(args.workflow)
        built = build(_config(args, folders))
        todo = _prepare(args, data, built, folders)
    except LoomError as error:
        print(explain(error), file=sys.stderr)
        return 1
    outcome = asyncio.run(_execute(built, todo))
    return _report(outcome, folders, args.json)


def _config(args: argparse.Namespace, folders: Folders) -> WorkerConfig:
    return WorkerConfig(
        folders=folders,
        device=device_of(args),
        cache=cache_of(args),
        **precision_of(args),
        packs=packs_of(args),
        isolated=tuple(args.isolate),
        isolated_bytes=args.isolated_memory,
        previews="none",
    )


def _prepare(args: argparse.Namespace, data: Any, built: Runtime, folders: Folders) -> Run:
    specs = built.executor.specs
    if args.settings:
        graph = apply_settings(data, args.settings, specs)
        prompt, metadata = prompt_of(graph, specs)
    else:
        prompt, metadata = prompt_of(data, specs)
    checked = validate(prompt, specs, folders.list)
    for line in fault_lines(checked.node_errors):
        print(line, file=sys.stderr)
    carried = {} if args.disable_metadata else metadata
    return Run("run", checked.prompt, checked.outputs, metadata=carried)


async def _execute(built: Runtime, todo: Run) -> Outcome:
    cancelled = threading.Event()
    with Bar(todo) as bar:
        previous = signal.signal(signal.SIGINT, lambda *_: cancelled.set())
        try:
            return await built.executor.execute(todo, bar.show, cancelled)
        finally:
            signal.signal(signal.SIGINT, previous)
            built.lanes.close()
            built.cache.flush()


class Bar:
    """A progress bar over the nodes, with the steps of the one at work."""

    def __init__(self, todo: Run) -> None:
        from tqdm import tqdm

        self._prompt = todo.prompt
        # None: no bar where nobody looks, in a script's log.
        self._bar = tqdm(total=len(todo.prompt), unit="node", file=sys.stderr, disable=None)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, event: Event) -> None:
        """Take an event in."""
        data = event.data
        if event.type == "node_started":
            shown = str(data.get("display_node", data["node"]))
            self._bar.set_description(self._prompt[shown].kind if shown in self._prompt else shown)
        elif event.type == "progress":
            self._bar.set_postfix_str(f"step {event.data['value']:g}/{event.data['total']:g}")
        elif event.type == "node_done":
            self._bar.set_postfix_str("")
            self._bar.update("display_node" not in data)  # inner nodes are part of another
        elif data.get("exception_type") == "ExecutionBlocked":
            text = f"Skipped {data['node_title']}: {data['exception_message']}"
            self._bar.write(text, file=sys.stderr)


def _report(outcome: Outcome, folders: Folders, as_json: bool) -> int:
    if as_json:
        print(json.dumps(outcome.outputs))
    else:
        for shown in outcome.outputs.values():
            for file in shown.get("images", []):
                print(folders.root(file["type"]) / file["subfolder"] / file["filename"])
    if outcome.status == "cancelled":
        print("Interrupted.", file=sys.stderr)
        return 130
    if outcome.failure is not None:
        print(_failure_text(dict(outcome.failure)), file=sys.stderr)
        return 1
    return 0


def _failure_text(failure: dict[str, Any]) -> str:
    where = f"node {failure['node_id']} ({failure['node_title']})"
    hint = f" {failure['hint']}" if failure.get("hint") else ""
    return f"Failed at {where}: {failure['exception_message']}{hint}"
