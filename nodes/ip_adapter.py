"""IP-Adapter: pictures as prompts."""

from typing import Annotated, Any

from engine.api import (
    Choice,
    ClipVision,
    Context,
    File,
    Float,
    Image,
    InvalidInput,
    Mask,
    Model,
    Socket,
    node,
)
from engine.diffusion.ip_adapter import load_ip_adapter, tell_pictures

IPAdapter = Annotated[Any, Socket("IPADAPTER")]
Percent = Float(0.0, 1.0, step=0.001)


@node("IPAdapterLoader", category="loaders", title="Load IP-Adapter", lane="host")
def ip_adapter_loader(*, ipadapter_file: File("ipadapter"), ctx: Context) -> IPAdapter:
    """Load an IP-Adapter for SD 1.x or SDXL (plain, plus or full-face).

    Args:
        ipadapter_file: a file of the folder ipadapter.
    """
    return load_ip_adapter(ctx.folders.find("ipadapter", ipadapter_file))


@node("IPAdapterApply", category="conditioning/ip_adapter", title="Apply IP-Adapter")
def ip_adapter_apply(
    *,
    model: Model,
    ipadapter: IPAdapter,
    clip_vision: ClipVision,
    image: Image,
    weight: Float(-1.0, 3.0, step=0.05) = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    images: Choice(("together", "one each")) = "together",
    mask: Mask = None,
) -> Model:
    """Let a model read pictures as it reads a prompt. Several can be chained.

    Args:
        model: the denoiser.
        ipadapter: made for the model's family.
        clip_vision: the encoder that the IP-Adapter was trained with, ViT-H for most of them.
        image: what the new picture shall be like; its middle square is looked at.
        weight: how much it counts beside the prompt; 0 leaves the model as it is.
        start_percent: part of the run at which it begins to count.
        end_percent: part of the run at which it ends.
        images: together tells every latent all pictures, one each tells each latent its own.
        mask: where it counts; everywhere if there is none.
    """
    if clip_vision is None:
        raise InvalidInput(
            "The clip_vision input is empty: the checkpoint holds no vision encoder. Load one "
            "with Load CLIP Vision and connect it here."
        )
    if weight == 0:
        return model
    times = (start_percent, end_percent)
    return tell_pictures(
        model, ipadapter, clip_vision, image, weight, *times, images == "together", mask
    )
