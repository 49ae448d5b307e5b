"""How much memory the process of a pack may take.

Invariant: where the system can (Linux), an allocation beyond the limit fails inside of the process;
:func:`resident` lets the worker see what it takes everywhere else.
"""

import contextlib
import os
import re
import sys
from pathlib import Path

from engine.memory import host_memory

#: Part of the computer's memory, if nobody says how much.
SHARE = 0.5


def usual_limit() -> int:
    """Bytes that a process may take if nobody says how many; 0 is no limit."""
    return int(host_memory()[0] * SHARE)


def limit_memory(limit: int) -> None:
    """Let this process take so many bytes beyond what it has now."""
    if sys.platform != "linux" or not limit:
        return
    import resource

    found = re.search(r"VmData:\s+(\d+) kB", Path("/proc/self/status").read_text())
    most = limit + (int(found[1]) << 10 if found else 0)
    with contextlib.suppress(ValueError, OSError):  # the system allows less already
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
