"""``comfy.controlnet``: loading networks that steer others."""

from pathlib import Path
from typing import Any

from engine.diffusion.control_nets.loading import load_control_net

from .faces import take_off


def load_controlnet(ckpt_path: str, model: Any = None, **more: Any) -> Any:
    """A network that steers denoisers, of a file; for a difference, with its base model."""
    return load_control_net(Path(ckpt_path), take_off(model))
