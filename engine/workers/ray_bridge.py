"""A bridge: the process on this computer that stands for one actor of a Ray cluster.

``python -m engine.workers.ray_bridge`` talks to the server over its standard pipes like any
worker, and hands every message on to its actor and back. So the server knows no Ray, and a
bridge that ends takes its actor along.

Invariant: while the actor lives, the server hears something every second, even if a node keeps
the actor from speaking; the end of the actor is the end of the bridge, with one of these codes.
"""

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from .config import from_json
from .protocol import Message, encode, read_blocking
from .ray_actor import Remote
from .vitals import AT_WORK_FACTOR

#: Exit codes: the actor was lost; the actor lives, but has said nothing for too long.
LOST, SILENT = 75, 76
ALIVE_SECONDS = 1.0
#: Where the code is here, and in a cluster that shares a checkout; elsewhere it is installed.
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Take the pipes, make the actor, carry messages until one side ends."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    first = read_blocking(incoming)
    if first is None:
        return
    actor = _make(first)
    threading.Thread(target=_carry_in, args=(incoming, actor), daemon=True).start()
    patience = from_json(first.data["config"]).patience * AT_WORK_FACTOR
    os._exit(_carry_out(actor, outgoing, patience))


def _make(first: Message) -> Any:
    """The actor, wherever the cluster has room for it."""
    import ray

    where = first.data["ray"]
    ray.init(where["address"], namespace="latent-loom", logging_level=logging.WARNING)
    environment = {"env_vars": {"PYTHONPATH": str(ROOT)}}
    cls = ray.remote(Remote).options(
        num_cpus=where["cpus"],
        num_gpus=where["gpus"],
        max_restarts=0,
        max_concurrency=2,
        runtime_env=environment,
    )
    return cls.remote(encode(Message("configure", {"config": first.data["config"]})))


def _carry_in(incoming: BinaryIO, actor: Any) -> None:
    import ray

    while (message := read_blocking(incoming)) is not None:
        if message.kind == "stop":
            break
        try:
            ray.get(actor.tell.remote(encode(message)))  # one by one, so that they keep their order
        except ray.exceptions.RayError:
            return  # the other direction tells of it
    ray.kill(actor)
    os._exit(0)


def _carry_out(actor: Any, outgoing: BinaryIO, patience: float) -> int:
    """Hand on what the actor says, until it ends; the exit code."""
    import ray

    silent, pending = 0.0, actor.hear.remote()
    try:
        while silent < patience:
            done, _ = ray.wait([pending], timeout=ALIVE_SECONDS)
            silent = 0.0 if done else silent + ALIVE_SECONDS
            frames = ray.get(pending) if done else [encode(Message("alive"))]
            outgoing.write(b"".join(frames))
            outgoing.flush()
            pending = actor.hear.remote() if done else pending
    except ray.exceptions.RayError as error:
        print(f"The actor was lost: {error}", file=sys.stderr)
        return LOST
    except OSError:
        return 0  # the server has gone
    ray.kill(actor)
    return SILENT


if __name__ == "__main__":
    main()
