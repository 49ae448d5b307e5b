"""What Linux itself refuses to the process of a pack: landlock for files, seccomp for the rest.

These hold for libraries too, which Python's own hooks do not see. Both are asked for through the
C library, need no rights, are inherited by whatever the process starts, and cannot be undone.

Invariant: called in the first thread before any other is started, since both hold for the thread
that asks and those that it starts.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every processor
#: Rights on files that change something, by the version of landlock that knows them first.
_WRITE, _TRUNCATE = 1 << 1, 1 << 14
_CHANGES = {1: sum(1 << bit for bit in (1, *range(4, 13))), 2: 1 << 13, 3: _TRUNCATE}
_ON_FILES = _WRITE | _TRUNCATE
#: What a process may do to others from version 6 on: reach their abstract sockets, send signals.
_SCOPES = 0b11
#: Devices that programs write to in passing, and those of GPUs.
_DEVICES = ("null", "zero", "full", "tty", "shm", "dri", "kfd", "nvidia*")

#: Per processor: its number for seccomp, and the numbers of system calls.
_CALLS = {
    "x86_64": (
        0xC000003E,
        {
            "network": (41,),
            "subprocess": (59, 322),
            "always": (101, 310, 311, 425),
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "network": (198,),
            "subprocess": (221, 281),
            "always": (117, 270, 271, 425),
        },
    ),
}
_X32 = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # the latter: EPERM


def restrict(refused: Iterable[str], writable: Sequence[Path]) -> list[str]:
    """Give rights up for good; the names of what holds from now on.

    Args:
        refused: ``network`` and ``subprocess``, or one of them, or none.
        writable: the only folders below which files may be changed.
    """
    if sys.platform != "linux":
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        return []
    found = {"landlock": _landlock(libc, writable), "seccomp": _seccomp(libc, set(refused))}
    return [name for name, holds in found.items() if holds]


def _landlock(libc: ctypes.CDLL, writable: Sequence[Path]) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = sum(bits for since, bits in _CHANGES.items() if since <= version)
    asked = struct.pack("=QQQ", rights, 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = libc.syscall(_CREATE_RULESET, asked[:size], ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    try:
        devices = [path for name in _DEVICES for path in Path("/dev").glob(name)]
        for path in (*writable, *devices):
            _allow(libc, rules, path, rights)
        return not libc.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    if not path.exists():
        return
    file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        mine = rights if path.is_dir() else rights & _ON_FILES
        rule = struct.pack("=Qi", mine, file)
        libc.syscall(_ADD_RULE, rules, 1, rule, 0)
    finally:
        os.close(file)


def _seccomp(libc: ctypes.CDLL, refused: set[str]) -> bool:
    machine = platform.machine()
    if machine not in _CALLS:
        return False
    processor, calls = _CALLS[machine]
    numbers = [n for name, those in calls.items() if name in {*refused, "always"} for n in those]
    program = b"".join(struct.pack("=HBBI", *line) for line in _filter(processor, numbers))
    buffer = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    return not libc.prctl(_SET_SECCOMP, _FILTER, head, 0, 0)


def _filter(processor: int, numbers: Iterable[int]) -> Iterable[tuple[int, int, int, int]]:
    """A program for the kernel: refuse those calls, and all in the manner of other processors."""
    yield _LOAD, 0, 0, 4
    yield _EQUAL, 1, 0, processor
    yield _RETURN, 0, 0, _REFUSE
    yield _LOAD, 0, 0, 0
    yield _AT_LEAST, 0, 1, _X32
    yield _RETURN, 0, 0, _REFUSE
    for number in numbers:
        yield _EQUAL, 0, 1, number
        yield _RETURN, 0, 0, _REFUSE
    yield _RETURN, 0, 0, _ALLOW
