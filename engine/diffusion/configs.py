"""Configurations of CompVis' programs: the two facts in them that no tensor tells.

Invariant: a configuration never changes sizes; those are read off the tensors.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import ModelFileError

from .families import Checkpoint
from .handles import Clip
from .parameterization import Discrete, Prediction


@dataclass(frozen=True)
class Config:
    """What a configuration says.

    Attributes:
        prediction: what the network's output stands for; None: it does not say.
        layer: of the text encoder that is read; None: the usual one.
    """

    prediction: Prediction | None = None
    layer: int | None = None


def read_config(path: Path) -> Config:
    """Read a YAML file.

    Raises:
        ModelFileError: it is no configuration of a latent diffusion model.
    """
    import yaml

    try:
        params = yaml.safe_load(path.read_text("utf-8"))["model"]["params"]
        prediction = params.get("parameterization")
        text = (params.get("cond_stage_config") or {}).get("params") or {}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ModelFileError(
            f"'{path.name}' is no configuration of a latent diffusion model: it has no section "
            "model with params. Use Load Checkpoint, which needs none."
        ) from error
    known: dict[Any, Prediction] = {"eps": "eps", "v": "v", "x0": "x0"}
    layer = text.get("layer_idx") if text.get("layer") == "hidden" else None
    return Config(known.get(prediction), layer if isinstance(layer, int) and layer < 0 else None)


def configured(checkpoint: Checkpoint, config: Config) -> Checkpoint:
    """A checkpoint as a configuration says."""
    model, clip = checkpoint.model, checkpoint.clip
    if config.prediction and isinstance(model.sampling, Discrete):
        model = replace(model, sampling=replace(model.sampling, prediction=config.prediction))
    if isinstance(clip, Clip) and config.layer is not None:
        clip = replace(clip, layer=config.layer)
    return replace(checkpoint, model=model, clip=clip)
