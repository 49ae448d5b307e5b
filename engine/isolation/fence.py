"""What Python refuses to an isolated pack, with an error that says what it would have to ask for.

Python tells these hooks of what its own functions do, not of what libraries do on their own, and
code that is out to get around them can; :mod:`.kernel` holds for both where there is one.

Invariant: once it stands it cannot be taken away, and it never allows more than was asked for.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_NETWORK = {
    *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname"),
    *("socket.gethostbyaddr", "socket.getnameinfo", "urllib.Request", "http.client.connect"),
}
#: Sending is only told of where an address is given.
_SENDING = {"socket.sendto", "socket.sendmsg"}
_PROGRAMS = {
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"),
    *("pty.spawn", "os.forkpty"),
}
_LIBRARIES = {
    *("ctypes.dlopen", "ctypes.dlsym", "ctypes.call_function", "ctypes.string_at"),
    *("ctypes.wstring_at", "ctypes.cdata", "ctypes.addressof"),
}
NEEDED: Mapping[str, str] = {
    **dict.fromkeys(_NETWORK | _SENDING, "network"),
    **dict.fromkeys(_PROGRAMS, "subprocess"),
    **dict.fromkeys(_LIBRARIES, "exec"),
}
#: Per event that changes files: which of its arguments are paths, and the folders they are in.
_CHANGES: Mapping[str, Sequence[tuple[int, int | None]]] = {
    "os.remove": [(0, 1)],
    "os.rmdir": [(0, 1)],
    "os.mkdir": [(0, 2)],
    "os.rename": [(0, 2), (1, 3)],
    "os.link": [(0, 2), (1, 3)],
    "os.symlink": [(1, 2)],
    "os.truncate": [(0, None)],
    "os.chmod": [(0, 2)],
    "os.chown": [(0, 3)],
    "os.utime": [(0, 3)],
    "os.setxattr": [(0, None)],
    "os.removexattr": [(0, None)],
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Where the database of the server is, which has the tokens' hashes.
_SECRET = "loom.db"


class NotAllowed(PermissionError):
    """A pack did what it did not ask for."""


def fence(
    pack: str, allowed: Sequence[str], writable: Sequence[Path], user: Path
) -> Callable[[str, tuple[Any, ...]], None]:
    """A hook for :func:`sys.addaudithook`.

    Args:
        pack: its name.
        allowed: what it asked for, of network, subprocess and exec.
        writable: the folders it may change.
        user: the folder of settings, accounts and the queue.
    """
    roots = [os.path.realpath(path) for path in (*writable, Path("/dev/shm"))]
    single = {"/dev/null", "/dev/zero", "/dev/tty"}
    secret = os.path.join(os.path.realpath(user), _SECRET)
    mine = os.getpid()

    def refuse(what: str, key: str) -> None:
        raise NotAllowed(
            f"The node pack '{pack}' may not {what}: it does not ask for it. Its author can add "
            f"{key} to [tool.latentloom.capabilities] in its pyproject.toml."
        )

    def change(path: Any, folder: int | None) -> None:
        place = _place(path, folder)
        if place is None or place in single or any(_within(place, root) for root in roots):
            return
        refuse(f"write to {place}", "the folder under file-write")

    def opened(path: Any, mode: Any, flags: int) -> None:
        if isinstance(path, int):
            return
        if (flags or 0) & _WRITING or (isinstance(mode, str) and set(mode) & set("wax+")):
            change(path, None)
        elif (place := _place(path, None)) is not None and place.startswith(secret):
            raise NotAllowed(f"The node pack '{pack}' may not read the server's database.")

    def hook(event: str, args: tuple[Any, ...]) -> None:
        need = NEEDED.get(event)
        if need is not None:
            if need not in allowed and (event not in _SENDING or args[1] is not None):
                refuse(_WORDS[need].format(event), need)
        elif event == "open":
            opened(*args)
        elif event in _CHANGES:
            for at, folder in _CHANGES[event]:
                change(args[at], None if folder is None else args[folder])
        elif event == "os.kill" and args[0] != mine and "subprocess" not in allowed:
            refuse("send signals to other processes", "subprocess")

    return hook


_WORDS = {
    "network": "reach the network ({})",
    "subprocess": "start other programs ({})",
    "exec": "load code that is not Python's ({})",
}


def _place(path: Any, folder: int | None) -> str | None:
    """A path as an absolute one without links; None for what is no path."""
    if isinstance(path, int):
        return None
    text = os.fsdecode(path)
    if folder is not None and folder >= 0 and not os.path.isabs(text):
        text = os.path.join(f"/proc/self/fd/{folder}", text)
    return os.path.realpath(text)


def _within(place: str, root: str) -> bool:
    return place == root or place.startswith(root + os.sep)
