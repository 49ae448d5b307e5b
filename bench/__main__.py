"""Runs the measurements named on the command line, or all, and writes the table."""

import platform
import sys
from datetime import date
from importlib import import_module
from pathlib import Path

from engine.memory import collect_garbage_rarely

from .rows import Row

MODULES = (
    "start",
    "canvas",
    "graph",
    "overhead",
    "loops",
    "cache",
    "chain",
    "diffusion",
    "first_image",
    "resume",
    "picture",
    "overlap",
    "soak",
    "crowd",
    "kills",
)
RESULTS = Path(__file__).with_name("results.md")


def main() -> None:
    """Measure, print, write."""
    collect_garbage_rarely()  # as server and worker do
    chosen = sys.argv[1:] or list(MODULES)
    rows: list[Row] = []
    for name in chosen:
        for measured in import_module(f"bench.{name}").measure():
            print(line(measured), flush=True)
            rows.append(measured)
    if chosen == list(MODULES):
        RESULTS.write_text(page(rows))


def line(measured: Row) -> str:
    """One row of the table."""
    verdict = "met" if measured.met else "**missed**"
    return f"| {measured.what} | {measured.goal} | {measured.result} | {verdict} |"


def page(rows: list[Row]) -> str:
    """The whole page."""
    import torch

    return "\n".join(
        [
            "# Measurements\n",
            f"`make bench` on {date.today()}: {torch.get_num_threads()} cores "
            f"({platform.machine()}), Python {platform.python_version()}, torch "
            f"{torch.__version__}, no GPU. Medians, with minimum and maximum. Machines are "
            "noisy: compare rows of one run.\n",
            "| what | goal | measured | |",
            "|---|---|---|---|",
            *map(line, rows),
            "",
        ]
    )


main()
