"""What the three training scripts share: the learning-rate curve, the average, the checkpoint.

Invariant: a run that was stopped and started again with the same command gives bit for bit the
weights of a run that was not, because everything that changes is in the checkpoint.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Generator, Tensor, nn


@dataclass
class Run:
    """All state of one training run.

    Attributes:
        model: the network that learns.
        optimizer: its optimiser.
        g: the only source of randomness.
        decay: of the exponential moving average of the weights.
        step: optimiser steps done.
        average: the moving average, by parameter name.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    g: Generator
    decay: float
    step: int = 0
    average: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.average = {k: v.detach().clone() for k, v in self.model.named_parameters()}


def curve(step: int, steps: int, warm_up: int = 100, hold: float = 0.6) -> float:
    """Learning-rate factor: linear warm-up, constant, then half a cosine to zero."""
    if step < warm_up:
        return (step + 1) / warm_up
    past = max(0.0, step / steps - hold) / (1 - hold)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, past)))


def update(run: Run, loss: Tensor, rate: float) -> None:
    """One optimiser step, then the moving average (warmed up, so early weights are forgotten)."""
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimizer.step()
    run.step += 1
    decay = min(run.decay, (1 + run.step) / (10 + run.step))
    live = [v.detach() for v in run.model.parameters()]
    torch._foreach_lerp_(list(run.average.values()), live, 1 - decay)


def save(run: Run, path: Path) -> None:
    """Write the checkpoint atomically: a stopped machine leaves the old one or the new one."""
    state = {
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "generator": run.g.get_state(),
        "average": run.average,
        "step": run.step,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".part"))
    os.replace(path.with_suffix(".part"), path)


def resume(run: Run, path: Path) -> None:
    """Continue from the checkpoint, if there is one."""
    if not path.exists():
        return
    state = torch.load(path, weights_only=True)
    run.model.load_state_dict(state["model"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.g.set_state(state["generator"])
    run.average, run.step = state["average"], state["step"]
    print(f"resumed {path} at step {run.step}")


def averaged(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint: what is used after training."""
    if not path.exists():
        raise SystemExit(f"{path} is missing: run the training script that writes it first")
    return torch.load(path, weights_only=True)["average"]


def train(
    run: Run, path: Path, steps: int, rate: float, loss: Callable[[Run], Tensor], every: int = 200
) -> None:
    """Run until ``steps``, printing and saving every ``every`` steps and at the end.

    ``loss`` draws its own batch from ``run.g`` and returns a scalar.
    """
    resume(run, path)
    run.model.train()
    start, first, total = time.monotonic(), run.step, 0.0
    while run.step < steps:
        value = loss(run)
        update(run, value, rate * curve(run.step, steps))
        total += value.item()
        if run.step % every == 0 or run.step == steps:
            pace = (time.monotonic() - start) / (run.step - first)
            count = (run.step - 1) % every + 1
            print(
                f"step {run.step}/{steps}  loss {total / count:.4f}  {pace:.3f} s/step", flush=True
            )
            total = 0.0
            save(run, path)
