"""``main.py doctor``: what this installation is and what is wrong with it, to paste into a report.

Invariant: reads only, tells no secret (no token, no password, no user names), and each finding
says what to do.
"""

import argparse
import json
import platform
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

from engine import __version__
from engine.folders import MODEL_FOLDERS, Folders
from engine.memory import host_memory
from engine.plugins.discovery import Catalogue

from .arguments import ROOT, add_folders, catalogue_of, folders_of

#: Libraries whose versions matter.
LIBRARIES = ("torch", "numpy", "safetensors", "aiohttp", "pillow", "tokenizers", "spandrel", "ray")
#: Less free disk than this is too little.
FREE_BYTES = 2 << 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``doctor``."""
    parser.add_argument("--json", action="store_true", help="for programs")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Print the report; 1 if anything is wrong."""
    folders = folders_of(args)
    catalogue = catalogue_of(args, folders)
    report = {
        "system": _system(),
        "devices": _devices(),
        "folders": _folders(folders),
        "models": {kind: len(folders.list(kind)) for kind in MODEL_FOLDERS if folders.list(kind)},
        "packs": [_pack(pack) for pack in catalogue.packs],
    }
    problems = list(_problems(folders, catalogue))
    if args.json:
        print(json.dumps({**report, "problems": problems}, indent=1))
    else:
        _print(report, problems)
    return 1 if problems else 0


def _system() -> dict[str, Any]:
    total, free = host_memory()
    return {
        "latent loom": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "memory": f"{free >> 20} of {total >> 20} MB are free",
        **{name: _version(name) for name in LIBRARIES},
        "canvas": "built" if (ROOT / "web" / "dist" / "index.html").is_file() else "not built",
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _devices() -> list[str]:
    import torch

    found = [f"cpu: {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"]
    for i in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(i)
        name = torch.cuda.get_device_name(i)
        found.append(f"cuda:{i}: {name}, {free >> 20} of {total >> 20} MB are free")
    return found


def _folders(folders: Folders) -> dict[str, str]:
    roots = {n: getattr(folders, n) for n in ("output", "input", "temp", "user")}
    return {name: f"{path} ({_free(path) >> 20} MB free)" for name, path in roots.items()}


def _free(path: Path) -> int:
    """Free bytes where a folder is, or will be."""
    there = next(p for p in (path, *path.parents) if p.exists())
    return shutil.disk_usage(there).free


def _pack(pack: Any) -> dict[str, Any]:
    state = "failed" if pack.error else "loaded"
    took = f"{pack.seconds * 1000:.0f} ms"
    return {"name": pack.name, "state": state, "nodes": len(pack.nodes), "import": took}


def _problems(folders: Folders, catalogue: Catalogue) -> Iterator[str]:
    for path in {folders.output, folders.user, folders.temp}:
        if (free := _free(path)) < FREE_BYTES:
            yield f"Only {free >> 20} MB are free at {path}; delete files or choose another folder."
    for pack in catalogue.packs:
        if pack.error:
            last = pack.error.strip().splitlines()[-1]
            yield f"Node pack '{pack.name}' failed to load ({last}); `main.py nodes` tells more."
    yield from _conflicts(catalogue)
    if not folders.list("checkpoints") and not folders.list("diffusion_models"):
        yield f"There is no checkpoint; put one into {folders.models['checkpoints'][0]}."
    yield from _damage(folders.user / "loom.db")


def _conflicts(catalogue: Catalogue) -> Iterator[str]:
    owners = Counter(id for pack in catalogue.packs for id in pack.nodes)
    for id, count in owners.items():
        if count > 1:
            names = ", ".join(p.name for p in catalogue.packs if id in p.nodes)
            yield f"The packs {names} all define the node '{id}'; the first one's is used."


def _damage(file: Path) -> Iterator[str]:
    if not file.is_file():
        return
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            verdict = db.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        text = "stop the server and move the file away; queue and history begin anew"
        yield f"The database {file} is damaged ({verdict}); {text}."


def _print(report: dict[str, Any], problems: list[str]) -> None:
    for title, facts in report.items():
        print(f"{title}:")
        for line in _lines(facts):
            print(f"  {line}")
    print("problems:" if problems else "problems: none")
    for problem in problems:
        print(f"  - {problem}", file=sys.stdout)


def _lines(facts: Any) -> Iterator[str]:
    if isinstance(facts, dict):
        yield from (f"{name}: {value}" for name, value in facts.items())
        return
    for item in facts:
        yield ", ".join(f"{k} {v}" for k, v in item.items()) if isinstance(item, dict) else item
