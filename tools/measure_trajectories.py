"""Measure the cost of long steps along sampling trajectories: the numbers behind GITSScheduler.

    python -m tools.measure_trajectories engine/diffusion/trajectory_costs.txt

The method of Chen et al. 2024 ("On the Trajectory Regularity of ODE-based Diffusion Sampling",
arXiv 2405.11326, section 4): trajectories of a slow teacher; from each of its points one Euler
step to every later point; the cost of that step is how much farther than the teacher it lands
from the straight line between the trajectory's ends. The teacher runs on the embedded model.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families import Checkpoint
from engine.diffusion.guidance import classic
from engine.diffusion.noise import SeededNoise
from engine.diffusion.sample import lay_out
from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.samplers.state import to_d
from engine.diffusion.schedules import sigmas_for
from engine.diffusion.text.encode import encode
from tools.train_tiny.grid import GUIDANCE, SEED, prompts

MODEL = Path("models/checkpoints/loom-tiny.safetensors")
#: Noise levels of the teacher at equal distances in time, as the authors' run of SD has them.
POINTS, TEACHER = 61, "dpmpp_2m"
PER_PROMPT, SIZE = 4, 16


def trajectories(source: Checkpoint, count: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Per prompt: noise levels, the teacher's points and their slopes, ``point b c h w``."""
    assert source.clip
    model = source.model
    sigmas = sigmas_for(model.sampling, "normal", POINTS)[:-1]
    empty = {"samples": torch.zeros(PER_PROMPT, 4, SIZE, SIZE)}
    negative = [[encode(source.clip, "")[0], {}]]
    for seed, text in enumerate(prompts(count), SEED):
        guider = classic([[encode(source.clip, text)[0], {}]], negative, model, GUIDANCE)
        run = lay_out(guider, empty, SeededNoise(seed), SAMPLERS[TEACHER], sigmas)
        states = [(state.x, seen) for state, seen in run.states()]
        points = torch.stack([run.start.x, *(x for x, _ in states)])
        slopes = [
            to_d(x, s.item(), seen)
            for x, s, (_, seen) in zip(points[:-1], sigmas[:-1], states, strict=True)
        ]
        yield sigmas, points, torch.stack(slopes)


def costs(sigmas: Tensor, points: Tensor, slopes: Tensor) -> Tensor:
    """Mean cost of the Euler step from each point to each later one, ``point point``."""
    start, end = points[0].flatten(1).double(), points[-1].flatten(1).double()
    line = (start - end) / (start - end).norm(dim=1, keepdim=True)

    def deviation(x: Tensor) -> Tensor:
        off = x.flatten(2).double() - end
        return (off - (off * line).sum(-1, keepdim=True) * line).norm(dim=-1).mean(1)

    teacher, n = deviation(points), len(points)
    found = torch.zeros(n, n, dtype=torch.float64)
    for i in range(n - 1):
        ahead = (sigmas[i + 1 :] - sigmas[i])[:, None, None, None, None]
        found[i, i + 1 :] = deviation(points[i] + ahead * slopes[i]) - teacher[i + 1 :]
    return found


def main() -> None:
    """Average the costs over prompts and write them, one point a line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--prompts", type=int, default=48)
    options = parser.parse_args()
    found = [costs(*each) for each in trajectories(load_checkpoint(MODEL), options.prompts)]
    mean = torch.stack(found).mean(0)
    rows = (" ".join(f"{v:.4g}" for v in row[i + 1 :]) for i, row in enumerate(mean[:-1].tolist()))
    options.out.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
