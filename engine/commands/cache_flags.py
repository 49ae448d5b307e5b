"""The flags that say which results are kept, and for how long."""

import argparse
from collections.abc import Sequence
from typing import Any

from engine.cache.config import CacheConfig, Mode
from engine.memory import host_memory

GB = 1 << 30


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Flags of all commands that compute."""
    group = parser.add_argument_group("results that need not be computed again")
    sizes = (
        ("device", "the device's memory", "what is cheapest to compute again moves to memory"),
        ("size", "memory", "what is cheapest to compute again goes first"),
        ("disk", "disk space below the user folder, kept across restarts", "0 keeps none there"),
    )
    for name, where, rule in sizes:
        default = 4.0 if name == "disk" else 2.0
        text = f"{where} for results (default: {default:g}; {rule})"
        group.add_argument(
            f"--cache-{name}", type=_amount, default=default, metavar="GB", help=text
        )
    _add_modes(group.add_mutually_exclusive_group())


def _add_modes(group: argparse._MutuallyExclusiveGroup) -> None:
    group.add_argument(
        "--cache-classic",
        action="store_true",
        help="keep the results of the last prompt only, none on disk",
    )
    group.add_argument(
        "--cache-lru",
        type=_count,
        metavar="N",
        help="keep the results of the N nodes used last, none on disk; all of the prompt that runs",
    )
    group.add_argument(
        "--cache-ram",
        nargs="*",
        action=_OneOrTwo,
        type=_amount,
        metavar="GB",
        help="keep results while so much memory stays free, whatever --cache-size says: while "
        "something runs (default: a tenth of the memory, from 2 to 10), and while nothing runs "
        "(default: the same)",
    )
    group.add_argument(
        "--cache-none",
        action="store_true",
        help="keep a result only until what needs it ran; compute everything every time",
    )


class _OneOrTwo(argparse.Action):
    """Takes up to two values."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        if len(values or ()) > 2:
            raise argparse.ArgumentError(
                self, f"takes two numbers at most, not {len(values or ())}"
            )
        setattr(namespace, self.dest, values)


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no amount of memory; give 0 or more GB")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of nodes; give 1 or more")
    return int(text)


def cache_of(args: argparse.Namespace) -> CacheConfig:
    """The cache that the flags ask for."""
    active, idle = _spare(args.cache_ram or ())
    return CacheConfig(
        mode=_mode(args),
        device_bytes=int(args.cache_device * GB),
        host_bytes=int(args.cache_size * GB),
        disk_bytes=int(args.cache_disk * GB),
        entries=args.cache_lru or 0,
        active_bytes=active,
        idle_bytes=idle,
    )


def _mode(args: argparse.Namespace) -> Mode:
    if args.cache_none:
        return "none"
    if args.cache_classic:
        return "classic"
    if args.cache_lru is not None:
        return "lru"
    return "value" if args.cache_ram is None else "ram"


def _spare(given: Sequence[float]) -> tuple[int, int]:
    usual = min(10 * GB, max(2 * GB, host_memory()[0] // 10))
    active = int(given[0] * GB) if given else usual
    return active, int(given[1] * GB) if len(given) > 1 else active
