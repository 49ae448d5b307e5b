"""Whole runs of the paper's models against DDIM as it was published, step by step in float64.

Song et al. 2021, equation 12 with eta 0, on the schedule that the checkpoint holds; the networks
are called as CompVis' programs call them: latent and condition side by side, the number of the
timestep, tokens beside. What is compared is the latent.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion import residency
from engine.diffusion.checkpoints import build, load_checkpoint
from engine.diffusion.conditioners import class_vectors
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import sigmas_for
from tests.diffusion.test_networks import BOUND, relative_error
from tests.nodes.conftest import CallNode
from tests.tiny_paper import tiny_paper, write_tiny_paper

SEED, STEPS = 5, 6


def published_ddim(kind: str, found: Any, concat: Tensor | None, context: Tensor) -> Tensor:
    """The scaled latent after all steps."""
    model = found.model
    network = build(model.weights, torch.device("cpu"), torch.float32).double()
    kept = torch.cumprod(1 - tiny_paper(kind)["betas"].double(), dim=0)
    levels = sigmas_for(model.sampling, "ddim_uniform", STEPS, 1.0, False)
    steps = [int((kept - 1 / (1 + s.double() ** 2)).abs().argmin()) for s in levels[:-1]]
    noise = initial_noise((1, model.latent_format.channels, 8, 12), SEED).double()
    start = kept[steps[0]]
    # A run that begins below the last level begins with noise of that level, as a latent of zeros
    # has it.
    x = noise if steps[0] == len(kept) - 1 else noise * (1 - start).sqrt()
    for t, after in zip(steps, [*steps[1:], None], strict=True):
        shown = x if concat is None else torch.cat([x, concat.double()], dim=1)
        eps = network(shown, torch.tensor([t]), context.double())
        x0 = (x - (1 - kept[t]).sqrt() * eps) / kept[t].sqrt()
        left = kept[after] if after is not None else torch.tensor(1.0, dtype=torch.float64)
        x = left.sqrt() * x0 + (1 - left).sqrt() * eps
    return x


@pytest.fixture
def single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """float32 on every CPU."""
    monkeypatch.setattr(residency, "cpu_has_bfloat16", lambda: False)


@torch.no_grad()
@pytest.mark.usefixtures("single_precision")
@pytest.mark.parametrize("kind", ["unconditional", "churches", "class", "inpainting"])
def test_runs_equal_the_published_sampler(call: CallNode, tmp_path: Path, kind: str) -> None:
    """The same latent, whatever the model is told; measured: 5.3e-7."""
    found = load_checkpoint(write_tiny_paper(tmp_path / "model.ckpt", kind))
    concat, context = None, torch.zeros(1, 1, 0)
    (side,) = call("UnconditionalConditioning").values
    if kind == "class":
        side, context = (
            call("ClassConditioning", clip=found.clip, class_name="7").values[0],
            class_vectors(found.clip, 7),
        )
    if kind == "inpainting":
        image, mask = torch.rand(1, 32, 48, 3), torch.zeros(1, 32, 48)
        mask[:, 8:24, 16:40] = 1
        side = call("LatentInpainting", vae=found.vae, pixels=image, mask=mask).values[0]
        stage = build(found.vae.weights, torch.device("cpu"), torch.float32)
        hidden = (image * (1 - mask[..., None])).movedim(-1, 1) * 2 - 1
        where = torch.nn.functional.interpolate(mask[:, None] * 2 - 1, size=(8, 12))
        concat = torch.cat([stage.encode(hidden), where], dim=1)
    expected = published_ddim(kind, found, concat, context)
    form = found.model.latent_format
    empty = {"samples": torch.zeros(1, form.channels, 8, 12)}
    settings = {"seed": SEED, "steps": STEPS, "cfg": 1.0, "denoise": 1.0}
    settings |= {"sampler_name": "ddim", "scheduler": "ddim_uniform"}
    sides = {"positive": side, "negative": side, "latent_image": empty}
    (latent,) = call("KSampler", model=found.model, **sides, **settings).values
    assert relative_error(latent["samples"] * form.scale, expected.float()) < BOUND
