"""Seats: which workers there are to be, each with a name and a device of its own.

Invariant: names are unique, and naming devices imports no torch; a device that is not there is
for its worker to report.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Where the driver of NVIDIA lists its devices.
NVIDIA = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True)
class Seat:
    """A place for a worker.

    Attributes:
        name: of the worker, the same for each process that takes the seat.
        device: ``auto``, ``cpu``, or a torch device such as ``cuda:0``.
        threads: threads for arithmetic; None leaves it to torch.
    """

    name: str
    device: str
    threads: int | None = None


def seats(devices: Sequence[str], cores: int | None = None) -> tuple[Seat, ...]:
    """A seat for each device; several on the CPU share its cores."""
    on_cpu = sum(device == "cpu" for device in devices)
    cores = cores or os.cpu_count() or 1
    threads = max(1, cores // on_cpu) if on_cpu > 1 else None
    return tuple(
        Seat(f"worker-{number}", device, threads if device == "cpu" else None)
        for number, device in enumerate(devices)
    )


def read_devices(text: str, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The devices of ``--devices``.

    Args:
        text: comma-separated torch devices, or ``all``.
        environment: where CUDA_VISIBLE_DEVICES may stand.

    Raises:
        ValueError: a name is no device; the text says what is allowed.
    """
    if text == "all":
        return tuple(f"cuda:{i}" for i in range(_count_gpus(environment))) or ("auto",)
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        kind, _, index = name.partition(":")
        if kind not in ("cpu", "cuda", "mps", "xpu", "auto") or not (index or "0").isdigit():
            allowed = "give devices such as cuda:0,cuda:1 or cpu,cpu, or all"
            raise ValueError(f"--devices has '{name}', which is no device; {allowed}.")
    twice = [name for name in names if name != "cpu" and names.count(name) > 1]
    if twice:
        raise ValueError(f"--devices has {twice[0]} twice; a GPU serves one worker, name it once.")
    return names


def _count_gpus(environment: Mapping[str, str]) -> int:
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    return len(list(NVIDIA.iterdir())) if NVIDIA.is_dir() else 0
