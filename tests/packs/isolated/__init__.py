"""A pack that asks for a process of its own, and misbehaves in every way in there."""

import ctypes
import faulthandler
import os
import socket
import subprocess
import threading
from pathlib import Path

import torch

from engine.api import (
    Context,
    Image,
    Int,
    Model,
    Output,
    Socket,
    Text,
    node,
    send_event,
)

THING = Socket("CELL")
ANY = Socket("PROBE")


@node("CellInvert", category="cell")
def invert(*, image: Image, ctx: Context) -> Image:
    """Invert a picture, telling progress."""
    ctx.progress(1, 2, lambda: (image[0] * 255).byte().numpy())
    image.neg_().add_(1)  # its own copy: whoever holds the input sees nothing of it
    send_event("cell.inverted", {"pid": os.getpid()})
    ctx.progress(2, 2)
    return image


@node("CellEcho", category="cell")
def echo(*, value: ANY) -> ANY:
    """Give back what came."""
    return value


@node("CellPlace", category="cell", is_output=True, idempotent=False)
def place(*, note: Text() = "") -> Output:
    """Tell the process."""
    return Output(ui={"text": [f"{os.getpid()} {os.getppid()} {note}"]})


@node("CellThing", category="cell")
def thing(*, number: Int(0, 9) = 0) -> tuple[ANY, THING]:
    """Give what cannot cross."""
    return number, threading.Lock()


@node("CellModel", category="cell")
def model(*, model: Model) -> Model:
    """Take what cannot cross."""
    return model


@node("CellEnd", category="cell")
def end(*, how: Text() = "") -> ANY:
    """End the process, loop, or allocate."""
    if how == "exit":
        os._exit(17)
    if how == "segfault":
        faulthandler._sigsegv()
    if how == "error":
        raise ValueError("broken")
    held = []
    while how == "loop":
        pass
    while how == "allocate":
        held.append(torch.ones(8 << 20))
    while how == "listen":
        held = [sum(held)]
    return how


@node("CellTry", category="cell")
def attempt(*, what: Text() = "", where: Text() = "") -> ANY:
    """Do what a pack has to ask for."""
    match what:
        case "connect":
            socket.create_connection(("127.0.0.1", int(where)))
        case "send":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"x", ("127.0.0.1", int(where)))
        case "run":
            subprocess.run([where], check=True)
        case "system":
            os.system(where)
        case "execute":
            os.execv(where, [where])
        case "spawn":
            os.posix_spawn(where, [where], {})
        case "library":
            ctypes.CDLL(None)
        case "write":
            Path(where).write_text("written")
        case "make":
            os.close(os.open(where, os.O_CREAT | os.O_WRONLY))
        case "link":
            os.symlink("/etc/passwd", where)
        case "remove":
            os.remove(where)
        case "rename":
            os.rename(where, where + ".moved")
        case "read":
            Path(where).read_bytes()
        case "kill":
            os.kill(int(where), 9)
    return what
