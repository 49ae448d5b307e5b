"""A pack that asks for a process of its own, and misbehaves in every way in there."""

import ctypes
import os
import threading

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
        ctypes.string_at(0)
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
