"""ControlNet-LLLite as hooks: a model that is steered by a picture before its attentions.

Invariant: nothing of a model is changed; what a run saw of the picture lives in its memory.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from engine.errors import InvalidInput, ModelFileError

from .. import residency
from ..handles import Model
from ..hooks import Place, Where
from ..networks.lllite import LLLite as Network
from ..networks.lllite import Piece, PieceConfig
from ..places import cross_attentions, for_call
from ..weights import Shapes, Weights, read_header, strip_prefix
from .hints import fit_picture

PREFIX = "lllite_unet_"
_NAME = re.compile(
    PREFIX
    + r"(?:(input|output)_blocks_(\d+)|(middle)_block)_\d+_"
    + r"transformer_blocks_(\d+)_attn([12])_to_([qkv])"
)
_LAYER = re.compile(r"(.+)\.conditioning1\.(\d+)\.weight")
#: Names of the pieces of one attention by the projection that they come before.
Pieces = Mapping[str, str]


@dataclass(frozen=True)
class LLLite:
    """A ControlNet-LLLite.

    Attributes:
        weights: of its network.
        before_self: pieces before self-attentions, by place.
        before_cross: pieces before cross-attentions, by place.
        channels: of what they read, by place.
    """

    weights: Weights
    before_self: Mapping[Place, Pieces]
    before_cross: Mapping[Place, Pieces]
    channels: Mapping[Place, int]


def is_lllite(shapes: Shapes) -> bool:
    """Whether a file holds a ControlNet-LLLite."""
    return any(key.startswith(PREFIX) for key in shapes)


def load_lllite(path: Path) -> LLLite:
    """A handle on a ControlNet-LLLite.

    Raises:
        ModelFileError: the file cannot be read, or holds none.
    """
    header = read_header(path)
    configs = _pieces(header.shapes)
    found = {name: m for name in configs if (m := _NAME.fullmatch(name))}
    if not found or len(found) < len(configs):
        other = next((name for name in configs if name not in found), "nothing of the kind")
        raise ModelFileError(
            f"'{path.name}' holds no ControlNet-LLLite for the attentions of a U-Net: it has "
            f"{other}. Choose another file of the folder controlnet."
        )
    build = partial(Network, tuple(configs.items()))
    names = partial(strip_prefix, PREFIX, PREFIX)
    weights = Weights(f"{header.id}:lllite", path, "diffusion", build, names)
    before: dict[str, dict[Place, dict[str, str]]] = {"1": {}, "2": {}}
    for name, m in found.items():
        before[m[5]].setdefault(_place(m), {})[m[6]] = name
    channels = {_place(m): configs[name].channels for name, m in found.items()}
    return LLLite(weights, before["1"], before["2"], channels)


def _place(found: re.Match[str]) -> Place:
    return found[1] or found[3], int(found[2] or 0), int(found[4])


def _pieces(shapes: Shapes) -> dict[str, PieceConfig]:
    layers: dict[str, dict[int, tuple[int, int]]] = {}
    for key, shape in shapes.items():
        if m := _LAYER.fullmatch(key):
            layers.setdefault(m[1], {})[int(m[2])] = (shape[0], shape[-1])
    found = {}
    for name, convolutions in layers.items():
        inner, channels = shapes[f"{name}.down.0.weight"][:2]
        in_order = tuple(convolutions[i] for i in sorted(convolutions))
        found[name] = PieceConfig(channels, inner, in_order[-1][0], in_order)
    return found


@dataclass(frozen=True, eq=False)
class SteerAttention:
    """Changes the inputs of attentions by a picture.

    Attributes:
        control: the networks.
        picture: ``n h w c`` in 0..1.
        strength: what is added is multiplied by this.
        start: noise level from which it counts.
        end: noise level down to which it counts.
    """

    control: LLLite
    picture: Tensor
    strength: float
    start: float
    end: float

    def self_inputs(
        self, q: Tensor, k: Tensor, v: Tensor, where: Where
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Before self-attention."""
        names = self.control.before_self.get(where.place, {})
        return self._changed(q, k, v, names, where)

    def cross_inputs(
        self, q: Tensor, k: Tensor, v: Tensor, where: Where
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Before cross-attention, whose keys and values come from the text and stay."""
        names = self.control.before_cross.get(where.place, {})
        return self._changed(q, k, v, names, where)

    def _changed(
        self, q: Tensor, k: Tensor, v: Tensor, names: Pieces, where: Where
    ) -> tuple[Tensor, Tensor, Tensor]:
        if not names or not self.end <= where.sigma <= self.start:
            return q, k, v
        changed = {"q": q, "k": k, "v": v}
        for part, name in names.items():
            piece, seen = self._seen(name, q, where)
            changed[part] = changed[part] + piece(changed[part], seen) * self.strength
        return changed["q"], changed["k"], changed["v"]

    def _seen(self, name: str, x: Tensor, where: Where) -> tuple[Piece, Tensor]:
        """A network and what it saw of the picture, which it looks at once a run and size."""
        kept: dict[Any, Any] = where.memory.setdefault(("lllite", id(self)), {})
        if "network" not in kept:
            kept["network"] = cast(Network, residency.load(self.control.weights))
        piece = cast(Piece, kept["network"][name])
        call = (name, where.size, where.roles, len(x))
        if call not in kept:
            sides = [n * piece.scale for n in where.size]
            picture = fit_picture(self.picture, sides, 1).to(x.device) * 2 - 1
            dtype = piece.down[0].weight.dtype
            seen = piece.see(picture.to(cast(torch.dtype, dtype)))
            kept[call] = for_call((seen, seen), x, where).to(x)
        return piece, kept[call]


def steer(
    model: Model,
    control: LLLite,
    picture: Tensor,
    strength: float = 1.0,
    start_percent: float = 0.0,
    end_percent: float = 1.0,
) -> Model:
    """A model that is steered by a picture.

    Args:
        model: the denoiser.
        control: made for its family.
        picture: ``n h w c`` in 0..1.
        strength: how much it steers.
        start_percent: part of the run at which it begins.
        end_percent: part of the run at which it ends.

    Raises:
        InvalidInput: the control belongs to another family.
    """
    there = {place: c for place, (c, _) in cross_attentions(model.weights).items()}
    if not control.channels.items() <= there.items():
        raise InvalidInput(
            "The ControlNet-LLLite comes before attentions that the model does not have: they "
            "belong to different families. Choose one that was made for this model."
        )
    start, end = (model.sampling.percent_to_sigma(p) for p in (start_percent, end_percent))
    hook = SteerAttention(control, picture, strength, start, end)
    # In front of hooks that cut or merge tokens: this one knows whole feature maps only.
    before = (hook.self_inputs, *model.hooks.self_inputs)
    across = (hook.cross_inputs, *model.hooks.cross_inputs)
    return replace(model, hooks=replace(model.hooks, self_inputs=before, cross_inputs=across))
