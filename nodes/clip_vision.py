"""Pictures as conditions: what CLIP sees in them."""

from engine.api import (
    Choice,
    ClipVision,
    ClipVisionOutput,
    Conditioning,
    Context,
    Float,
    Image,
    InvalidInput,
    node,
)
from engine.diffusion.vision import see


@node("CLIPVisionEncode", category="conditioning", title="CLIP Vision Encode")
def clip_vision_encode(
    *, clip_vision: ClipVision, image: Image, crop: Choice(("center", "none")), ctx: Context
) -> ClipVisionOutput:
    """See pictures as CLIP does.

    Args:
        clip_vision: the encoder.
        image: the pictures.
        crop: center looks at the middle square, none squeezes everything into it.
    """
    if clip_vision is None:
        raise InvalidInput(
            "The clip_vision input is empty: the checkpoint holds no vision encoder. Load one "
            "with Load CLIP Vision and connect it here."
        )
    return see(clip_vision, image, crop == "center")


@node("unCLIPConditioning", category="conditioning", lane="host")
def unclip_conditioning(
    *,
    conditioning: Conditioning,
    clip_vision_output: ClipVisionOutput,
    strength: Float(-10.0, 10.0, step=0.01) = 1.0,
    noise_augmentation: Float(0.0, 1.0, step=0.01) = 0.0,
) -> Conditioning:
    """Tell an unCLIP model what is in a picture.

    Args:
        conditioning: of the prompt.
        clip_vision_output: what CLIP saw.
        strength: how much it counts.
        noise_augmentation: how freely the model may read it, 0 closely, 1 hardly at all.
    """
    if strength == 0:
        return conditioning
    told = {
        "clip_vision_output": clip_vision_output,
        "strength": strength,
        "noise_augmentation": noise_augmentation,
    }
    return [
        [
            vectors,
            {**options, "unclip_conditioning": [*options.get("unclip_conditioning", ()), told]},
        ]
        for vectors, options in conditioning
    ]
