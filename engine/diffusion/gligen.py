"""Phrases in boxes: GLIGEN files, and what the ``gligen`` option of a conditioning becomes.

The option is ``("position", handle, boxes)``; a box is a phrase's vector ``1 width`` with height,
width, top and left in latent cells.

Invariant: a side that has no boxes is shown the same network with empty objects, so that guidance
tells the two apart by the boxes alone.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from engine.errors import InvalidInput, ModelFileError

from . import residency
from .families.diffusers_unet import compvis_names, is_diffusers_unet
from .handles import Model
from .hooks import Outputs, Place, Where
from .networks.gligen import Gligen as Network
from .networks.gligen import GligenConfig, place_name
from .stored import network_shapes
from .weights import Shapes, Weights, read_header

#: Objects that the network is shown; the places of missing ones are empty.
OBJECTS = 30
#: A phrase's vector, height, width, top and left.
Box = tuple[Tensor, int, int, int, int]
_FUSER = re.compile(
    r"(?:.*\.)?(input|middle|output)_blocks?\.(?:(\d+)\.)?1\.transformer_blocks\.(\d+)\.fuser\.(.+)"
)
_POSITION = re.compile(r"(?:.*\.)?(position_net\..+)")


@dataclass(frozen=True)
class Gligen:
    """A GLIGEN file.

    Attributes:
        weights: of its networks.
        text_dim: of a phrase's vector.
        object_dim: of an object; that of the prompts' vectors.
        widths: of the transformer blocks that have a fuser, by place.
    """

    weights: Weights
    text_dim: int
    object_dim: int
    widths: Mapping[str, int] = field(hash=False)


def load_gligen(path: Path) -> Gligen:
    """A handle on a GLIGEN file.

    Raises:
        ModelFileError: it holds no GLIGEN for boxes with phrases.
    """
    header = read_header(path)
    names = gligen_names(header.shapes)
    shapes = {new: header.shapes[old] for old, new in names.items()}
    if not {"position_net.linears.0.weight", "position_net.null_positive_feature"} <= set(shapes):
        raise ModelFileError(
            f"'{path.name}' holds no GLIGEN for boxes with phrases: it lacks position_net.linears. "
            "Choose a file such as gligen_sd14_textbox_pruned.safetensors."
        )
    config = _config(shapes)
    build = partial(Network, config)
    weights = Weights(f"{header.id}:gligen", path, "diffusion", build, header.through(gligen_names))
    widths = {place_name(place): width for place, width in config.widths.items()}
    return Gligen(weights, config.text_dim, config.object_dim, widths)


def gligen_names(keys: Iterable[str]) -> dict[str, str]:
    """A file's tensor names to the network's; what else it holds is left out."""
    keys, found = list(keys), {}
    known = compvis_names(keys) if is_diffusers_unet(keys) else {key: key for key in keys}
    for key, name in known.items():
        if fuser := _FUSER.fullmatch(name):
            part, block, layer, rest = fuser.groups()
            found[key] = f"fusers.{place_name((part, int(block or 0), int(layer)))}.{rest}"
        elif position := _POSITION.fullmatch(name):
            found[key] = position[1]
    return found


def _config(shapes: Shapes) -> GligenConfig:
    widths: dict[Place, int] = {}
    for name, shape in shapes.items():
        if name.endswith(".norm1.weight"):
            part, block, layer = name.split(".")[1].split("_")
            widths[part, int(block), int(layer)] = shape[0]
    text = shapes["position_net.null_positive_feature"][0]
    return GligenConfig(text, shapes["position_net.linears.4.weight"][0], widths)


def with_box(conditioning: Sequence[Any], gligen: Gligen, box: Box) -> list[Any]:
    """Every entry with one more box; boxes of another file are replaced."""
    found = []
    for vectors, options in conditioning:
        kind, other, boxes = options.get("gligen", ("position", gligen, ()))
        kept = [*boxes] if other == gligen else []
        found.append([vectors, {**options, "gligen": (kind, gligen, [*kept, box])}])
    return found


def share_boxes(sides: Mapping[str, Sequence[Any]]) -> Mapping[str, Sequence[Any]]:
    """Sides in which no entry has boxes get empty ones of the positive side's file."""
    given = [o["gligen"] for _, o in sides.get("positive", ()) if "gligen" in o]
    if not given:
        return sides
    kind, gligen, _ = given[0]
    return {
        role: [[v, {"gligen": (kind, gligen, []), **o}] for v, o in side]
        for role, side in sides.items()
    }


@dataclass(frozen=True)
class Fuse:
    """The fusers of one run."""

    network: Network

    def __call__(self, objects: Tensor) -> Outputs:
        """A function for the transformer blocks, for objects ``b n width``."""

        def fuse(x: Tensor, where: Where) -> Tensor:
            return self.network.fuse(x, objects, where)

        return fuse


def prepare_boxes(
    option: tuple[str, Gligen, Sequence[Box]], model: Model, size: tuple[int, int]
) -> tuple[Fuse, Tensor]:
    """The networks, and the objects ``1 n width`` that boxes are.

    Args:
        option: of a conditioning.
        model: the denoiser.
        size: height and width of the latent.

    Raises:
        InvalidInput: the file belongs to another family, or there are too many boxes.
    """
    _, gligen, boxes = option
    _check_fit(gligen, model)
    if len(boxes) > OBJECTS:
        raise InvalidInput(
            f"The prompt has {len(boxes)} boxes, but GLIGEN sees {OBJECTS} at most: remove some."
        )
    network = cast(Network, residency.load(gligen.weights))
    weight = network.position_net.null_positive_feature
    phrases = torch.zeros(1, OBJECTS, gligen.text_dim)
    corners, present = torch.zeros(1, OBJECTS, 4), torch.zeros(1, OBJECTS)
    for i, box in enumerate(boxes):
        phrases[0, i], corners[0, i] = box[0].reshape(-1).cpu(), _corners(box, size)
        present[0, i] = 1.0
    with torch.no_grad():
        objects = network.position_net(*(t.to(weight) for t in (phrases, corners, present)))
    return Fuse(network), objects


def _corners(box: Box, size: tuple[int, int]) -> Tensor:
    _, h, w, y, x = box
    height, width = size
    return torch.tensor([x / width, y / height, (x + w) / width, (y + h) / height])


@lru_cache(maxsize=8)
def _misfit(gligen: Gligen, weights: Weights) -> str:
    """What of a U-Net a file does not fit; empty if it fits."""
    shapes = network_shapes(weights)
    for place, width in gligen.widths.items():
        part, block, layer = place.split("_")
        middle = "middle_block" if part == "middle" else f"{part}_blocks.{block}"
        name = f"{middle}.1.transformer_blocks.{layer}.norm1.weight"
        if shapes.get(name) != (width,):
            return f"{part} block {block} is {width} wide there, here {shapes.get(name, 'absent')}"
    return ""


def _check_fit(gligen: Gligen, model: Model) -> None:
    if misfit := _misfit(gligen, model.weights):
        raise InvalidInput(
            f"The GLIGEN file '{gligen.weights.path.name}' was made for another family of models: "
            f"{misfit}. Choose one that was made for this model; the published ones are for SD 1.x."
        )
