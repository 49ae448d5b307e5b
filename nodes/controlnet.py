"""ControlNet, Control-LoRA and T2I-Adapter: load them, and let them steer by a picture."""

from functools import partial
from typing import Annotated, Any

from engine.api import (
    Choice,
    Clip,
    Conditioning,
    Context,
    File,
    Float,
    Image,
    InvalidInput,
    Mask,
    Model,
    Socket,
    Text,
    Vae,
    node,
)
from engine.diffusion.conditioning import with_options
from engine.diffusion.control_nets.handles import apply
from engine.diffusion.control_nets.lllite import load_lllite, steer
from engine.diffusion.control_nets.loading import UNION_KINDS, load_control_net, union_kind
from engine.diffusion.text.embeddings import find_embedding
from engine.diffusion.text.encode import encode

ControlNet = Annotated[Any, Socket("CONTROL_NET")]
Strength = Float(0.0, 10.0, step=0.01)
Percent = Float(0.0, 1.0, step=0.001)
_control = partial(node, category="conditioning/controlnet", lane="host")
_on_both = partial(_control, outputs=("positive", "negative"))


@node("ControlNetLoader", category="loaders", title="Load ControlNet Model", lane="host")
def control_net_loader(*, control_net_name: File("controlnet"), ctx: Context) -> ControlNet:
    """Load a ControlNet, Control-LoRA or T2I-Adapter.

    Args:
        control_net_name: a file of the folder controlnet.
    """
    return load_control_net(ctx.folders.find("controlnet", control_net_name))


@node("DiffControlNetLoader", category="loaders", title="Load ControlNet Model (diff)", lane="host")
def diff_control_net_loader(
    *, model: Model, control_net_name: File("controlnet"), ctx: Context
) -> ControlNet:
    """Load a ControlNet that is stored as its difference to a model.

    Args:
        model: what the difference is added to.
        control_net_name: a file of the folder controlnet.
    """
    return load_control_net(ctx.folders.find("controlnet", control_net_name), model)


@_control("SetUnionControlNetType")
def set_union_type(*, control_net: ControlNet, type: Choice(("auto", *UNION_KINDS))) -> ControlNet:
    """Tell a union ControlNet what kind of picture it is given.

    Args:
        control_net: a union; any other stays as it is.
        type: of the picture; auto tells nothing.
    """
    return union_kind(control_net, type)


@_control("ControlNetApply", title="Apply ControlNet (OLD)", deprecated=True)
def control_net_apply(
    *, conditioning: Conditioning, control_net: ControlNet, image: Image, strength: Strength = 1.0
) -> Conditioning:
    """Let a ControlNet steer both sides of the guidance through the positive prompt.

    Args:
        conditioning: the positive prompt.
        control_net: reads the picture.
        image: edges, depth, a pose: what the ControlNet was trained on.
        strength: how much it steers; 0 leaves the prompt as it is.
    """
    if strength == 0:
        return conditioning
    return apply([conditioning], True, net=control_net, picture=image, strength=strength)[0]


@_on_both("ControlNetApplyAdvanced", title="Apply ControlNet")
def control_net_apply_advanced(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    image: Image,
    strength: Strength = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    vae: Vae = None,
) -> tuple[Conditioning, Conditioning]:
    """Let a ControlNet steer by a picture, during a part of the run. Several can be chained.

    Args:
        positive: what the picture shall show.
        negative: what it shall not.
        control_net: reads the picture.
        image: edges, depth, a pose: what the ControlNet was trained on.
        strength: how much it steers; 0 leaves the prompts as they are.
        start_percent: part of the run at which it begins.
        end_percent: part of the run at which it ends.
        vae: for ControlNets that read latents; those of SD and SDXL read pixels and need none.
    """
    return _applied(positive, negative, control_net, image, strength, start_percent, end_percent)


@_on_both("ControlNetApplySD3", title="Apply Controlnet with VAE", deprecated=True)
def control_net_apply_with_vae(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    vae: Vae,
    image: Image,
    strength: Strength = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
) -> tuple[Conditioning, Conditioning]:
    """Let a ControlNet steer by a picture; Apply ControlNet does the same.

    Args:
        positive: what the picture shall show.
        negative: what it shall not.
        control_net: reads the picture.
        vae: for ControlNets that read latents; those of SD and SDXL read pixels.
        image: what the ControlNet was trained on.
        strength: how much it steers; 0 leaves the prompts as they are.
        start_percent: part of the run at which it begins.
        end_percent: part of the run at which it ends.
    """
    return _applied(positive, negative, control_net, image, strength, start_percent, end_percent)


@_on_both("ControlNetApplyMasked", title="Apply ControlNet (Masked)")
def control_net_apply_masked(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    image: Image,
    mask: Mask,
    strength: Strength = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
) -> tuple[Conditioning, Conditioning]:
    """Let a ControlNet steer in a part of the picture only.

    Args:
        positive: what the picture shall show.
        negative: what it shall not.
        control_net: reads the picture.
        image: what the ControlNet was trained on.
        mask: where it steers.
        strength: how much it steers; 0 leaves the prompts as they are.
        start_percent: part of the run at which it begins.
        end_percent: part of the run at which it ends.
    """
    times = (start_percent, end_percent)
    return _applied(positive, negative, control_net, image, strength, *times, mask=mask)


@node("CLIPTextEncodeControlnet", category="_for_testing/conditioning", experimental=True)
def clip_text_encode_controlnet(
    *,
    clip: Clip,
    conditioning: Conditioning,
    text: Text(multiline=True, dynamicPrompts=True),
    ctx: Context,
) -> Conditioning:
    """Give the ControlNets of a prompt a text of their own.

    Args:
        clip: the text encoder.
        conditioning: the prompt, which the model goes on reading.
        text: what its ControlNets read instead.
    """
    if clip is None:
        raise InvalidInput(
            "The clip input is empty: the checkpoint holds no text encoder. Load one that "
            "fits the model and connect it here."
        )
    lookup = partial(find_embedding, ctx.folders.models.get("embeddings", ()))
    vectors, pooled = encode(clip, text, lookup)
    own = {"cross_attn_controlnet": vectors, "pooled_output_controlnet": pooled}
    return with_options(conditioning, **own)


@node(
    "ControlNetLLLiteApply",
    category="conditioning/controlnet",
    title="Apply ControlNet-LLLite",
    lane="host",
)
def control_net_lllite_apply(
    *,
    model: Model,
    control_net_name: File("controlnet"),
    image: Image,
    strength: Strength = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    ctx: Context,
) -> Model:
    """Let a ControlNet-LLLite steer a model by a picture. Several can be chained.

    Args:
        model: what is steered, an SDXL model for the published files.
        control_net_name: a file of the folder controlnet.
        image: edges, depth, a pose: what the ControlNet-LLLite was trained on.
        strength: how much it steers; 0 leaves the model as it is.
        start_percent: part of the run at which it begins.
        end_percent: part of the run at which it ends.
    """
    if strength == 0:
        return model
    control = load_lllite(ctx.folders.find("controlnet", control_net_name))
    return steer(model, control, image, strength, start_percent, end_percent)


def _applied(
    positive: Conditioning,
    negative: Conditioning,
    net: ControlNet,
    picture: Image,
    strength: float,
    start: float,
    end: float,
    mask: Mask = None,
) -> tuple[Conditioning, Conditioning]:
    if strength == 0:
        return positive, negative
    options = {"strength": strength, "start_percent": start, "end_percent": end}
    both = apply([positive, negative], False, mask, net=net, picture=picture, **options)
    return both[0], both[1]
