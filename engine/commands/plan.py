"""``main.py plan``: what running a workflow would do, node by node, without running it."""

import argparse
import asyncio
import json
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from engine.errors import InvalidPrompt, LoomError
from engine.folders import Folders
from engine.graph.outlook import Prospect, outlook, peak_bytes, total_ms
from engine.graph.prompt import Prompt
from engine.graph.validate import validate
from engine.store.database import connect
from engine.store.timings import Usual, usual
from engine.workers.config import WorkerConfig
from engine.workers.runtime import build

from .arguments import add_device, add_folders, device_of, folders_of, packs_of
from .cache_flags import cache_of
from .precision_flags import precision_of
from .source import prompt_of, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``plan``."""
    parser.add_argument("workflow", type=Path, help="API or canvas JSON, or a picture with one")
    parser.add_argument("--json", action="store_true", help="as POST /x/plan answers")
    add_folders(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Print a line for each node; 1 if something keeps the workflow from running."""
    folders = folders_of(args)
    try:
        prompt, prospects = asyncio.run(_look(args, folders))
    except LoomError as error:
        print(error, file=sys.stderr)
        return 1
    if args.json:
        nodes = {id: asdict(prospect) for id, prospect in prospects.items()}
        totals = {"total_ms": total_ms(prospects), "peak_bytes": peak_bytes(prompt, prospects)}
        print(json.dumps({"nodes": nodes, **totals}))
    else:
        print("\n".join(line(prompt, id, prospect) for id, prospect in prospects.items()))
        peak = peak_bytes(prompt, prospects)
        memory = "" if peak is None else f" and {peak / 2**20:.0f} MB at once"
        print(f"about {total_ms(prospects) / 1000:.1f} s{memory}, as far as known")
    return 1 if any(prospect.state == "blocked" for prospect in prospects.values()) else 0


async def _look(
    args: argparse.Namespace, folders: Folders
) -> tuple[Prompt, Mapping[str, Prospect]]:
    networks = precision_of(args)
    config = WorkerConfig(
        folders,
        device_of(args),
        cache_of(args),
        packs=packs_of(args),
        isolated=tuple(args.isolate),
        isolated_bytes=args.isolated_memory,
        **networks,
    )
    built = build(config)
    prompt, _ = prompt_of(read(args.workflow), built.executor.specs)
    try:
        checked = validate(prompt, built.executor.specs, folders.list)
        states = await built.executor.outlook(checked.prompt, checked.outputs)
        errors = checked.node_errors
    except InvalidPrompt as error:
        if not error.node_errors:
            raise
        states, errors = {}, error.node_errors
    built.lanes.close()
    return prompt, outlook(prompt, states, errors, None, _usual(folders))


def _usual(folders: Folders) -> dict[str, Usual]:
    path = folders.user / "loom.db"
    if not path.is_file():
        return {}
    connection: sqlite3.Connection = connect(path)
    try:
        return usual(connection)
    finally:
        connection.close()


def line(prompt: Prompt, id: str, prospect: Prospect) -> str:
    """One node in one line."""
    time = "" if prospect.ms is None else f"{prospect.ms:.0f} ms"
    size = "" if prospect.bytes is None else f"{prospect.bytes / 2**20:.1f} MB"
    why = "; ".join(prospect.reasons)
    return f"{prospect.state:8} {id:>8} {prompt[id].kind:28} {time:>10} {size:>10}  {why}".rstrip()
