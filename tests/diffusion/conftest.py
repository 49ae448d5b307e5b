"""Numerics are proven in float32, whatever the cores can do."""

import pytest
import torch

from engine.diffusion import residency

ROLES = ("diffusion", "text", "vae", "upscale")


@pytest.fixture(autouse=True)
def _full_precision() -> None:
    limits = residency.Limits(dict.fromkeys(ROLES, "fp32"))
    residency.use(torch.device("cpu"), limits)
