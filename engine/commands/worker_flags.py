"""Flags that say which workers a server has."""

import argparse

from engine.workers.config import WorkerConfig
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


def _devices(text: str) -> tuple[str, ...]:
    try:
        return read_devices(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def seats_of(args: argparse.Namespace, worker: WorkerConfig) -> tuple[Seat, ...]:
    """The seats that the flags ask for."""
    return seats(args.devices or [worker.device])
