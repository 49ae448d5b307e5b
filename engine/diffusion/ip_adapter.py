"""Pictures as prompts (IP-Adapter, Ye et al. 2023): more tokens for every cross-attention.

Invariant: nothing of a model is changed; what a run computes of the pictures lives in its memory.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from engine.errors import InvalidInput, ModelFileError

from . import residency
from .conditioning import fit_mask
from .handles import ClipVision, Model
from .hooks import Attend, Where
from .networks.ip_adapter import IPAdapter as Network
from .networks.ip_adapter import IPAdapterConfig
from .networks.layers import attention
from .places import cross_attentions, for_call
from .vision import see, see_nothing
from .weights import Shapes, Weights, read_header

_KEYS = re.compile(r"ip_adapter\.(\d+)\.to_k_ip\.weight")
_LAYER = re.compile(r"image_proj\.layers\.(\d+)\.0\.to_q\.weight")
#: Features of an attention head of the resampler.
HEAD = 64


@dataclass(frozen=True)
class IPAdapter:
    """What makes a picture a prompt.

    Attributes:
        weights: of its network.
        config: sizes of its network.
    """

    weights: Weights
    config: IPAdapterConfig


def load_ip_adapter(path: Path) -> IPAdapter:
    """A handle on an IP-Adapter.

    Raises:
        ModelFileError: the file cannot be read, or holds none, or one that needs more than CLIP.
    """
    header = read_header(path)
    shapes = header.shapes
    places = {int(m[1]): shapes[k][0] for k in shapes if (m := _KEYS.fullmatch(k))}
    if not places:
        raise ModelFileError(
            f"'{path.name}' holds no IP-Adapter: it has no tensors 'ip_adapter.1.to_k_ip.weight' "
            "and so on. Choose another file of the folder ipadapter."
        )
    if "image_proj.proj.0.weight" in shapes and "image_proj.proj.3.weight" not in shapes:
        raise ModelFileError(
            f"'{path.name}' is an IP-Adapter that reads the features of a face recogniser, which "
            "is not served. Choose one that reads CLIP's features (plain, plus or full-face)."
        )
    config = _config(shapes, tuple(sorted(places.items())))
    weights = Weights(
        f"{header.id}:ip_adapter", path, "diffusion", partial(Network, config), _names
    )
    return IPAdapter(weights, config)


def _names(keys: Iterable[str]) -> dict[str, str]:
    return {k: k for k in keys if k.startswith(("image_proj.", "ip_adapter."))}


def _config(shapes: Shapes, places: tuple[tuple[int, int], ...]) -> IPAdapterConfig:
    context = shapes[f"ip_adapter.{places[0][0]}.to_k_ip.weight"][1]
    if "image_proj.proj.weight" in shapes:
        out, features = shapes["image_proj.proj.weight"]
        return IPAdapterConfig("linear", features, context, places, out // context)
    if "image_proj.latents" in shapes:
        _, tokens, width = shapes["image_proj.latents"]
        layers = 1 + max(int(m[1]) for k in shapes if (m := _LAYER.fullmatch(k)))
        heads = shapes["image_proj.layers.0.0.to_q.weight"][0] // HEAD
        features = shapes["image_proj.proj_in.weight"][1]
        return IPAdapterConfig("plus", features, context, places, tokens, width, layers, heads)
    return IPAdapterConfig("full", shapes["image_proj.proj.0.weight"][1], context, places, 0)


@dataclass(frozen=True, eq=False)
class PicturePrompt:
    """Pictures that a model is told.

    Attributes:
        adapter: makes tokens of them.
        seen: what CLIP saw in them, and in nothing; each ``n features`` or ``n m features``.
        weight: how much they count.
        start: noise level from which they count.
        end: noise level down to which they count.
        together: all pictures tell every latent; otherwise each tells its own.
        mask: where they count, ``b h w``; None: everywhere.
    """

    adapter: IPAdapter
    seen: tuple[Tensor, Tensor]
    weight: float
    start: float
    end: float
    together: bool = True
    mask: Tensor | None = None

    def applies(self, sigma: float) -> bool:
        """Whether the pictures count at a noise level."""
        return self.end <= sigma <= self.start

    def keys_values(self, number: int, q: Tensor, where: Where) -> tuple[Tensor, Tensor]:
        """Of one cross-attention, for a call."""
        kept, call = self._kept(q, where), (number, where.roles, len(q))
        if call not in kept:
            network, sides = kept["tokens"]
            sides = zip(*(network.keys_values(number, tokens) for tokens in sides), strict=True)
            kept[call] = tuple(for_call(both, q, where).to(q) for both in sides)
        return kept[call]

    def _kept(self, q: Tensor, where: Where) -> dict[Any, Any]:
        """What a run remembers of the pictures."""
        kept: dict[Any, Any] = where.memory.setdefault(("ip_adapter", id(self)), {})
        if not kept:
            network = cast(Network, residency.load(self.adapter.weights))
            dtype = next(network.parameters()).dtype
            sides = [network.tokens(t.to(q.device, dtype)) for t in self.seen]
            kept["tokens"] = network, [self._joined(tokens) for tokens in sides]
        return kept

    def _joined(self, tokens: Tensor) -> Tensor:
        return tokens.flatten(0, 1)[None] if self.together else tokens

    def masked(self, attended: Tensor, where: Where) -> Tensor:
        """Tokens ``b (h w) c`` of a feature map, times the mask."""
        if self.mask is None:
            return attended
        cells = fit_mask(self.mask, attended.new_empty(1, 1, *where.size))
        rows = cells.flatten(2).transpose(1, 2)  # n 1 h w -> n (h w) 1
        return attended * for_call((rows, rows), attended, where)


@dataclass(frozen=True, eq=False)
class AttendToPictures:
    """Takes the place of one cross-attention.

    Attributes:
        prompt: the pictures.
        number: of the cross-attention in the adapter.
        instead: what had taken its place before.
    """

    prompt: PicturePrompt
    number: int
    instead: Attend | None = None

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, where: Where) -> Tensor:
        """What it attends to in the text, and besides in the pictures."""
        plain = self.instead or _attend
        out = plain(q, k, v, where)
        if not self.prompt.applies(where.sigma):
            return out
        more = attention(q, *self.prompt.keys_values(self.number, q, where), where.heads)
        return out + self.prompt.masked(more, where) * self.prompt.weight


def _attend(q: Tensor, k: Tensor, v: Tensor, where: Where) -> Tensor:
    return attention(q, k, v, where.heads)


def tell_pictures(
    model: Model,
    adapter: IPAdapter,
    vision: ClipVision,
    image: Tensor,
    weight: float = 1.0,
    start_percent: float = 0.0,
    end_percent: float = 1.0,
    together: bool = True,
    mask: Tensor | None = None,
) -> Model:
    """A model that is told pictures beside its prompts.

    Args:
        model: the denoiser.
        adapter: made for its family.
        vision: the encoder that the adapter was trained with.
        image: the pictures, ``n h w c`` in 0..1.
        weight: how much they count.
        start_percent: part of the run at which they begin to count.
        end_percent: part of the run at which they end.
        together: all pictures tell every latent; otherwise each tells its own.
        mask: where they count, ``b h w``; None: everywhere.

    Raises:
        InvalidInput: the adapter belongs to another family, or to another encoder.
    """
    numbers = _numbers(model, adapter)
    start, end = (model.sampling.percent_to_sigma(p) for p in (start_percent, end_percent))
    seen = features(adapter, vision, image)
    prompt = PicturePrompt(adapter, seen, weight, start, end, together, mask)
    before = model.hooks.attend_cross
    attends = {p: AttendToPictures(prompt, n, before.get(p)) for p, n in numbers.items()}
    return model.hooked(attend_cross=attends)


def _numbers(model: Model, adapter: IPAdapter) -> dict[Any, int]:
    """The number of each cross-attention; those to the picture itself are counted between."""
    attentions = cross_attentions(model.weights)
    numbers = {place: 2 * i + 1 for i, place in enumerate(attentions)}
    places = {number: (c, adapter.config.context_dim) for number, c in adapter.config.places}
    if {numbers[p]: sizes for p, sizes in attentions.items()} == places:
        return numbers
    raise InvalidInput(
        f"The IP-Adapter is for models with {len(places)} cross-attentions that read tokens of "
        f"{adapter.config.context_dim} numbers, but the model has {len(attentions)}, and reads "
        f"{model.context_dim}: they belong to different families. Choose an IP-Adapter that was "
        "made for this model (SD 1.x or SDXL)."
    )


def features(adapter: IPAdapter, vision: ClipVision, image: Tensor) -> tuple[Tensor, Tensor]:
    """What an adapter reads of pictures, and of nothing, one behind the other in ``n``."""
    if adapter.config.kind == "linear":
        embeds = see(vision, image).image_embeds
        seen, nothing = embeds, torch.zeros_like(embeds)
    else:
        seen = see(vision, image).penultimate_hidden_states
        nothing = see_nothing(vision).penultimate_hidden_states.expand_as(seen)
    if seen.shape[-1] != adapter.config.features:
        raise InvalidInput(
            f"The IP-Adapter reads {adapter.config.features} features of a picture, but this CLIP "
            f"vision encoder gives {seen.shape[-1]}. Load the encoder that the IP-Adapter was "
            "trained with: ViT-H for most of them, ViT-bigG for the first one of SDXL."
        )
    return seen, nothing
