"""How values look to packs, and what they are to the engine.

A MODEL, CLIP, VAE, GUIDER, NOISE, CLIP_VISION or upscaler is a frozen handle in the engine, and an
object with the methods of this field for packs. Faces are put on when a class of a pack is called
and taken off when it gives values back.

Invariant: a face that was put on and not touched comes off as an equal handle.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.diffusion import residency
from engine.diffusion.guidance import Guider
from engine.diffusion.handles import Clip, ClipVision, Model, UpscaleModel, Vae
from engine.diffusion.noise import NoiseSource, NoNoise, SeededNoise
from engine.diffusion.upscale import upscale
from engine.diffusion.vision import VisionOutput, see

from .clip_face import CLIP
from .guiders import CFGGuider, shown_guider
from .loops import KSAMPLER
from .model_patcher import ModelPatcher
from .vae_face import VAE


class Noise:
    """A NOISE as packs see it.

    Attributes:
        own: the engine's.
        seed: of the noise.
    """

    def __init__(self, own: NoiseSource) -> None:
        self.own, self.seed = own, own.seed

    def generate_noise(self, input_latent: Mapping[str, Any]) -> Tensor:
        """The noise that a latent starts from."""
        return self.own(input_latent)


@dataclass(frozen=True, eq=False)
class PackNoise:
    """A NOISE of a pack, as the engine asks it.

    Attributes:
        theirs: has ``generate_noise`` and perhaps ``seed``.
    """

    theirs: Any

    @property
    def seed(self) -> int:
        """Of the noise that samplers draw on the way."""
        return int(getattr(self.theirs, "seed", 0) or 0)

    def __call__(self, latent: Mapping[str, Any]) -> Tensor:
        made: Tensor = self.theirs.generate_noise(latent)
        return made.cpu()


class ClipVisionModel:
    """A CLIP_VISION as packs see it.

    Attributes:
        own: the engine's.
    """

    def __init__(self, own: ClipVision) -> None:
        self.own = own
        self.load_device = residency.residency().device

    def encode_image(self, image: Tensor, crop: Any = True) -> VisionOutput:
        """What it sees in pictures ``b h w c``."""
        return see(self.own, image, bool(crop))


class UpscaleNetwork:
    """An upscaler as packs see it: called with ``b c h w`` in 0..1.

    Attributes:
        own: the engine's.
        scale: how many times larger.
    """

    def __init__(self, own: UpscaleModel) -> None:
        self.own, self.scale = own, own.scale

    def to(self, *args: Any, **kwargs: Any) -> "UpscaleNetwork":
        """Nothing to do: where the network is stays the engine's business."""
        return self

    @torch.no_grad()
    def __call__(self, image: Tensor) -> Tensor:
        """Larger pictures, ``b c h w``."""
        return upscale(self.own, image.movedim(1, -1)).movedim(-1, 1).to(image)


#: Handles to what makes faces of them.
_PUT: Mapping[type, Callable[[Any], Any]] = {
    Model: ModelPatcher,
    Clip: CLIP,
    Vae: VAE,
    Guider: shown_guider,
    SeededNoise: Noise,
    NoNoise: Noise,
    ClipVision: ClipVisionModel,
    UpscaleModel: UpscaleNetwork,
}


def put_on(value: Any) -> Any:
    """A value as packs see it; lists item by item, anything else as it is."""
    if type(value) is list:
        return [put_on(item) for item in value] if any(map(_has_face, value)) else value
    if isinstance(value, PackNoise):
        return value.theirs
    make = _PUT.get(type(value))
    return make(value) if make else value


def _has_face(value: Any) -> bool:
    return type(value) in _PUT or isinstance(value, PackNoise)


def take_off(value: Any) -> Any:
    """A value as the engine knows it; lists and tuples item by item, anything else as it is."""
    if type(value) not in (list, tuple):
        return _bare(value)
    bare = [_bare(item) for item in value]
    if all(new is old for new, old in zip(bare, value, strict=True)):
        return value
    return bare if type(value) is list else tuple(bare)


def _bare(value: Any) -> Any:
    if isinstance(value, ModelPatcher | CLIP | VAE):
        return value.handle()
    if isinstance(value, CFGGuider | KSAMPLER):
        return value.own()
    if isinstance(value, Noise | ClipVisionModel | UpscaleNetwork):
        return value.own
    if callable(getattr(value, "generate_noise", None)) and not callable(value):
        return PackNoise(value)
    return value
