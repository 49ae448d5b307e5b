"""Flags that say which workers a server has."""

import argparse
import math
from collections.abc import Iterator
from contextlib import contextmanager

from engine.workers import ray_cluster, ray_worker
from engine.workers.config import WorkerConfig
from engine.workers.pool import MakeProcess
from engine.workers.seats import Seat, read_devices, seats


def add_workers(parser: argparse.ArgumentParser) -> None:
    """The flags."""
    group = parser.add_argument_group("workers")
    group.add_argument(
        "--devices",
        type=_devices,
        metavar="LIST",
        help="one worker on each of these: cuda:0,cuda:1 or cpu,cpu, or all for every GPU "
        "(default: one worker); --cpu and --cuda-device then count for nothing",
    )
    group.add_argument(
        "--workers",
        type=_cluster,
        metavar="ADDRESS",
        help="workers on a Ray cluster instead: ray://HOST:PORT, ray://auto on one of its "
        "computers, or ray://local[N] to try it out here (see docs/cluster.md)",
    )
    group.add_argument(
        "--hang-timeout",
        type=_seconds,
        default=30.0,
        metavar="SECONDS",
        help="end a worker that gives no sign of life and does nothing for so long, or for "
        "twenty times as long if it computes (default: 30)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 3 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is too short or no time; give 3 or more")
    return seconds


def _devices(text: str) -> tuple[str, ...]:
    try:
        return read_devices(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _cluster(text: str) -> str:
    try:
        return ray_cluster.check(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@contextmanager
def workers_of(
    args: argparse.Namespace, worker: WorkerConfig
) -> Iterator[tuple[tuple[Seat, ...], MakeProcess | None]]:
    """The seats that the flags ask for, and what makes their processes if not this computer."""
    if args.workers is None:
        yield seats(args.devices or [worker.device]), None
        return
    with ray_worker.cluster(args.workers) as found:
        yield found.seats, found.make(worker)
