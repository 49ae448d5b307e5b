"""Workers on a Ray cluster, seen from the server: a bridge each, and the cluster they share.

Invariant: a job whose worker is lost here is not blamed for it; it runs again elsewhere.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from engine.errors import LoomError

from .config import WorkerConfig
from .local import LocalWorker
from .loss import Loss
from .pool import MakeProcess
from .protocol import Message
from .ray_bridge import LOST, SILENT
from .ray_cluster import local_size
from .seats import Seat

STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Cluster:
    """A cluster that was found.

    Attributes:
        address: for bridges.
        seats: one for each place.
        places: what each worker takes up there, by the name of its seat.
        token: what proves to a cluster started here that one may use it; it is in the
            environment of the processes concerned and nowhere else.
    """

    address: str
    seats: tuple[Seat, ...]
    places: Mapping[str, Mapping[str, float]]
    token: str = ""

    def make(self, config: WorkerConfig) -> MakeProcess:
        """What makes the processes of its seats."""
        return partial(RayWorker, self, config)


class RayWorker(LocalWorker):
    """A supervised bridge to an actor."""

    remote = True
    module = "engine.workers.ray_bridge"

    def __init__(
        self,
        cluster: Cluster,
        config: WorkerConfig,
        seat: Seat,
        on_message: Callable[[Message], None],
        on_loss: Callable[[Loss], None],
    ) -> None:
        super().__init__(config, seat, on_message, on_loss)
        self._token = cluster.token
        self._where = {
            "address": cluster.address,
            **cluster.places[seat.name],
        }

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **authentication(self._token)}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "ray": self._where}

    def _judge(self, code: int) -> Loss:
        if code == SILENT:
            return Loss(
                "hang", "The worker on the cluster said nothing for too long; it was ended."
            )
        what = "was lost" if code == LOST else f"cannot be reached (its bridge ended with {code})"
        return Loss("unreachable", f"The worker on the cluster {what}.")


def authentication(token: str) -> dict[str, str]:
    """The environment in which Ray uses a token; without one, Ray's own settings stand."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {}


@contextmanager
def cluster(address: str) -> Iterator[Cluster]:
    """Find the places of a cluster, or start one here that ends with this context.

    Raises:
        LoomError: Ray is not installed, or nothing answers at the address.
    """
    command = [sys.executable, "-m", "engine.workers.ray_cluster", address]
    pipe, token = subprocess.PIPE, ""
    if local_size(address) is not None:
        token = secrets.token_hex(32)
    environment = {**os.environ, **authentication(token)}
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, env=environment, start_new_session=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            line = process.stdout.readline()
            yield replace(_read(address, line), token=token)
        finally:
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _read(address: str, line: bytes) -> Cluster:
    if not line:
        text = f"No Ray cluster was found at {address}; what Ray said stands above. "
        raise LoomError(
            text + "Is it running, and is Ray installed (pip install latent-loom[ray])?"
        )
    found = json.loads(line)
    if not found["places"]:
        raise LoomError(f"The Ray cluster at {address} has no computer with a processor to give.")
    seats = tuple(
        Seat(f"ray-{number}", "cuda:0" if place["gpus"] else "cpu")
        for number, place in enumerate(found["places"])
    )
    names = {seat.name: place for seat, place in zip(seats, found["places"], strict=True)}
    return Cluster(found["address"], seats, names)
