"""The computer's own memory, and how often Python looks for garbage in it."""

import ctypes
import gc
import sys
from pathlib import Path


def host_memory() -> tuple[int, int]:
    """Total and available bytes; zeros where the system does not tell."""
    info = Path("/proc/meminfo")
    if not info.is_file():
        return 0, 0
    lines = (line.split() for line in info.read_text().splitlines())
    values = {words[0].rstrip(":"): int(words[1]) << 10 for words in lines if len(words) > 1}
    return values.get("MemTotal", 0), values.get("MemAvailable", 0)


def collect_garbage_rarely() -> None:
    """Look for cycles of dead objects less often than Python does by itself.

    A graph of 100,000 nodes is a million live objects, and the default thresholds walk them
    again and again while it is read: a third of the time.
    """
    gc.set_threshold(100_000, 20, 100)


def return_freed() -> None:
    """Give back to the system what was freed; the C library of Linux keeps much of it."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
