"""Files of control networks: which kind they are, by tensor names alone.

Invariant: whatever the layout, networks see the names of ``networks/``; a file of another kind
is refused with a text that says what it holds.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.errors import InvalidInput, ModelFileError

from ..adapters.files import adapter_file
from ..families.diffusers_unet import compvis_names
from ..families.parts import UNET
from ..families.sizes import unet_config
from ..handles import Model
from ..merging import Mixed
from ..networks.control_net import ControlNet as ControlNetwork
from ..networks.control_net import ControlNetConfig
from ..networks.t2i_adapter import T2IAdapter as AdapterNetwork
from ..networks.t2i_adapter import T2IAdapterConfig
from ..networks.unet import UNetConfig
from ..patches import Patch
from ..stored import network_shapes
from ..weights import Header, Names, Shapes, Weights, read_header, strip_prefix
from .handles import ControlLora, ControlNet, Readable, T2IAdapter
from .lllite import is_lllite

#: Files with these names have residuals that are averaged over the picture.
POOLED = re.compile(r"_shuffle(_fp16)?$")
#: Tensors that say something about the file, not of the network.
MARKERS = ("difference", "lora_controlnet")
#: Kinds of pictures of a published union, as nodes name them.
UNION_KINDS = {
    "openpose": 0,
    "depth": 1,
    "hed/pidi/scribble/ted": 2,
    "canny/lineart/anime_lineart/mlsd": 3,
    "normal": 4,
    "segment": 5,
    "tile": 6,
    "repaint": 7,
}
#: Pixels a side that an adapter for SDXL makes channels of; for SD 1.x it is 8.
XL_SHRINK = 16
#: Input blocks of a U-Net to whose outputs features are added; None: the middle.
PLACES = (2, 5, 8, 11)
XL_PLACES = (3, 5, 8, None)
#: Residual blocks a level of full adapters in the first layout.
FIRST_LAYOUT_BLOCKS = 2
_HINT = "controlnet_cond_embedding."
_HINT_LAYER = re.compile(r"input_hint_block\.(\d+)\.weight")
_ADAPTER_PREFIXES = ("adapter.", "")


def load_control_net(path: Path, base: Model | None = None) -> Readable:
    """A handle on a control network.

    Args:
        path: the file.
        base: the model that a file with differences is added to.

    Raises:
        ModelFileError: the file cannot be read or holds none of a known kind.
    """
    header = read_header(path)
    keys = header.shapes
    if f"{_HINT}conv_in.weight" in keys:
        return _control_net(header, diffusers_names, base)
    for prefix in ("control_model.", ""):
        if f"{prefix}zero_convs.0.0.weight" in keys:
            names = partial(_below, prefix)
            lora = "lora_controlnet" in keys
            return _control_lora(header, names) if lora else _control_net(header, names, base)
    if is_lllite(keys):
        raise ModelFileError(
            f"'{path.name}' is a ControlNet-LLLite, which changes a model, not a prompt. Choose "
            "it in the node Apply ControlNet-LLLite."
        )
    adapter = _adapter(header)
    if adapter is None:
        some = ", ".join(sorted(keys)[:3])
        raise ModelFileError(
            f"'{path.name}' holds no ControlNet, Control-LoRA or T2I-Adapter of SD 1.x, SD 2.x or "
            f"SDXL; its {len(keys)} tensors are {some}, ... Choose another file of the folder "
            "controlnet."
        )
    return adapter


def _below(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    return {k: n for k, n in strip_prefix(prefix, "", keys).items() if n not in MARKERS}


def diffusers_names(keys: Iterable[str]) -> dict[str, str]:
    """diffusers' names of a ControlNet to those of the network."""
    named = compvis_names([key for key in keys if key not in MARKERS])
    blocks = sum(key.startswith(f"{_HINT}blocks.") and key.endswith("weight") for key in named)
    return {key: _control_name(name.removeprefix(UNET), blocks) for key, name in named.items()}


def _control_name(name: str, blocks: int) -> str:
    """What a ControlNet has besides the way down, and ``blocks`` layers that shrink pictures."""
    name = re.sub(r"^controlnet_down_blocks\.(\d+)\.", r"zero_convs.\1.0.", name)
    name = re.sub(r"^controlnet_mid_block\.", "middle_block_out.0.", name)
    name = name.replace(f"{_HINT}conv_in.", "input_hint_block.0.")
    name = name.replace(f"{_HINT}conv_out.", f"input_hint_block.{2 + 2 * blocks}.")
    if name.startswith(_HINT):
        _, number, last = name.removeprefix(_HINT).split(".")
        return f"input_hint_block.{2 + 2 * int(number)}.{last}"
    return name


def _control_net(header: Header, names: Names, base: Model | None) -> ControlNet:
    if base is None and "difference" in header.shapes:
        raise ModelFileError(
            f"'{header.path.name}' holds the difference to a model, not a whole ControlNet. Load "
            "it with Load ControlNet Model (diff), and connect that model there."
        )
    config = control_config({n: header.shapes[k] for k, n in names(header.shapes).items()})
    id, build = f"{header.id}:control", partial(ControlNetwork, config)
    weights = Weights(id, header.path, "diffusion", build, names)
    patches = (_difference(weights, base),) if base and "difference" in header.shapes else ()
    pooled = bool(POOLED.search(header.path.stem))
    return ControlNet(weights, config.unet.context_dim, patches, pooled, union=config.kinds)


def _difference(weights: Weights, base: Model) -> Patch:
    """Adds the weights of the model to those that both have."""
    there = network_shapes(base.weights)
    names = [n for n, shape in network_shapes(weights).items() if there.get(n) == shape]
    changes = {n: Mixed(base.weights, base.patches, n, 1.0, 1.0) for n in names}
    applied = [(p.id, p.strength) for p in base.patches]
    return Patch(f"difference to {base.weights.id} {applied}", 1.0, changes)


def _control_lora(header: Header, names: Names) -> ControlLora:
    shapes = {n: header.shapes[k] for k, n in names(header.shapes).items()}
    config = control_config(_multiplied(shapes))
    id, build = f"{header.id}:control", partial(ControlNetwork, config)
    weights = Weights(id, header.path, "diffusion", build, names)
    return ControlLora(adapter_file(header.path), weights, config.unet.context_dim)


def _multiplied(shapes: Shapes) -> Shapes:
    """Shapes of the weights that pairs of small matrices stand for, and of all others."""
    found = dict(shapes)
    for name, up in shapes.items():
        if name.endswith(".up"):
            base = name.removesuffix(".up")
            found[f"{base}.weight"] = (up[0], *shapes[f"{base}.down"][1:])
    return found


def control_config(shapes: Shapes) -> ControlNetConfig:
    """Sizes of a ControlNet, from the network's own names."""
    width = shapes["input_blocks.0.0.weight"][0]
    unet: UNetConfig = unet_config({**shapes, "out.2.weight": (4, width, 3, 3)})
    hint = {int(m[1]): s for k, s in shapes.items() if (m := _HINT_LAYER.fullmatch(k))}
    widths = (hint[0][0], *(hint[i][0] for i in sorted(hint)[2:-1:2]))
    kinds = shapes.get("task_embedding", (0,))[0]
    layers = sum(
        re.fullmatch(r"transformer_layes\.\d+\.ln_1\.weight", k) is not None for k in shapes
    )
    return ControlNetConfig(replace(unet, middle_blocks=2), hint[0][1], widths, kinds, layers)


def _adapter(header: Header) -> T2IAdapter | None:
    for prefix in _ADAPTER_PREFIXES:
        names = partial(adapter_names, prefix)
        shapes = {n: header.shapes[k] for k, n in names(header.shapes).items()}
        if "body.0.resnets.0.block1.weight" in shapes:
            config = adapter_config(shapes)
            id, build = f"{header.id}:control", partial(AdapterNetwork, config)
            weights = Weights(id, header.path, "diffusion", build, names)
            return T2IAdapter(weights, XL_PLACES if config.shrink == XL_SHRINK else PLACES)
    return None


def adapter_names(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    """Names of a T2I-Adapter, its first layout's included, to those of the network.

    The first layout numbers the residual blocks of a full adapter on through all levels, and
    calls those of a light one ``body`` again.
    """
    names = strip_prefix(prefix, "", keys)
    if any(".resnets." in name for name in names.values()):
        return names
    if any(name.startswith("body.0.body.") for name in names.values()):
        return {k: re.sub(r"^(body\.\d+)\.body\.", r"\1.resnets.", n) for k, n in names.items()}
    return {k: re.sub(r"^body\.(\d+)\.(.+)", _in_level, n) for k, n in names.items()}


def _in_level(found: re.Match[str]) -> str:
    level, i = divmod(int(found[1]), FIRST_LAYOUT_BLOCKS)
    rest = found[2]
    return (
        f"body.{level}.{rest}" if rest.startswith("in_conv") else f"body.{level}.resnets.{i}.{rest}"
    )


def adapter_config(shapes: Shapes) -> T2IAdapterConfig:
    """Sizes of a T2I-Adapter, from the network's own names."""
    light = "conv_in.weight" not in shapes
    first = shapes["body.0.in_conv.weight" if light else "conv_in.weight"]
    cells = first[1]
    shrink = XL_SHRINK if cells in (XL_SHRINK**2, 3 * XL_SHRINK**2) else 8
    levels = range(1 + max(int(k.split(".")[1]) for k in shapes if k.startswith("body.")))
    narrow = tuple(shapes[f"body.{i}.resnets.0.block1.weight"][0] for i in levels)
    inner = shapes["body.0.out_conv.weight"][0] // narrow[0] if light else 1
    blocks = {k.split(".")[3] for k in shapes if k.startswith("body.0.resnets.")}
    return T2IAdapterConfig(
        channels=cells // shrink**2,
        widths=tuple(w * inner for w in narrow),
        blocks=len(blocks),
        shrink=shrink,
        halved=(2,) if shrink == XL_SHRINK else tuple(levels[1:]),
        kernel=shapes["body.0.resnets.0.block2.weight"][-1],
        inner=inner,
    )


def union_kind(net: Readable, kind: str) -> Readable:
    """A union that is told what its picture is.

    Args:
        net: the control network; one that is no union stays as it is.
        kind: a name of ``UNION_KINDS``, or ``auto``.

    Raises:
        InvalidInput: the union was not trained with this kind.
    """
    if not isinstance(net, ControlNet) or not net.union or kind == "auto":
        return net
    number = UNION_KINDS[kind]
    if number >= net.union:
        known = ", ".join(list(UNION_KINDS)[: net.union])
        raise InvalidInput(
            f"This union knows {net.union} kinds of pictures ({known}), not '{kind}'. Choose one "
            "of these, or a union that knows more."
        )
    return replace(net, kinds=(number,))
