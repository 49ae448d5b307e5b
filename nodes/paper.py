"""The tasks of the latent diffusion paper (Rombach et al. 2022), for its own checkpoints."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.api import (
    Clip,
    Conditioning,
    Context,
    File,
    Image,
    Int,
    InvalidInput,
    Latent,
    Mask,
    Model,
    Text,
    Vae,
    node,
)
from engine.diffusion import conditioners
from engine.diffusion import vae as autoencoder
from engine.diffusion.conditioners import Box
from engine.diffusion.files import load_averaged
from engine.diffusion.text.class_names import class_number
from engine.diffusion.vae import crop_to_multiple

SIDES = ("positive", "negative")
SHOWN = (*SIDES, "latent")


@node(
    "AveragedWeightsLoader",
    category="advanced/loaders",
    title="Load Averaged Weights",
    lane="host",
)
def averaged_weights_loader(*, ckpt_name: File("checkpoints"), ctx: Context) -> Model:
    """Load a denoiser with the weights that its training averaged (EMA), if the file has them.

    Args:
        ckpt_name: a checkpoint as it was trained, such as those of the latent diffusion paper.
    """
    return load_averaged(ctx.folders.find("checkpoints", ckpt_name))


@node("EmptyModelLatent", category="latent", title="Empty Latent (for a Model)", lane="host")
def empty_model_latent(
    *,
    model: Model,
    width: Int(16, 16384, step=8) = 256,
    height: Int(16, 16384, step=8) = 256,
    batch_size: Int(1, 4096) = 1,
) -> Latent:
    """Begin new pictures with a latent of the channels and cells that a model has.

    Args:
        model: the denoiser that will sample.
        width: of the pictures, in pixels.
        height: of the pictures, in pixels.
        batch_size: how many pictures.
    """
    form = model.latent_format
    rows, columns = (max(1, n // form.downscale) for n in (height, width))
    return {"samples": torch.zeros(batch_size, form.channels, rows, columns)}


@node("UnconditionalConditioning", category="conditioning/paper", lane="host")
def unconditional_conditioning() -> Conditioning:
    """For models that follow nothing, such as faces, bedrooms and churches; use cfg 1."""
    return _unconditional()


@node("ClassConditioning", category="conditioning/paper", outputs=SIDES)
def class_conditioning(
    *, clip: Clip, class_name: Text() = "tabby"
) -> tuple[Conditioning, Conditioning]:
    """Ask a class-conditional model for a class: of ImageNet, unless its file names others.

    The negative side is the class that stands for none, if the model has learned it.

    Args:
        clip: of the checkpoint, which holds the table of classes.
        class_name: a class by a name of it or its number, from 0; empty asks for no class in
            particular.
    """
    nothing = conditioners.no_class(clip)
    number = nothing if not class_name.strip() else _class(clip, class_name)
    if number is None:
        raise InvalidInput("This model has to be told a class: give one by its name or number.")
    positive = conditioners.class_vectors(clip, number)
    negative = positive if nothing is None else conditioners.class_vectors(clip, nothing)
    return [[positive, {}]], [[negative, {}]]


@node("LayoutConditioning", category="conditioning/paper", outputs=SIDES)
def layout_conditioning(
    *, clip: Clip, boxes: Text(multiline=True) = "Tree 0.1 0.2 0.5 0.6"
) -> tuple[Conditioning, Conditioning]:
    """Tell a layout-to-image model which objects shall be where.

    The negative side is a picture without objects. The published model was trained without
    guidance, so use cfg 1 with it; one that has learned the layout without objects gains by cfg
    2 to 3.

    Args:
        clip: of the checkpoint, which holds what reads layouts.
        boxes: an object a line: the name or number of its class, of OpenImages unless the file
            names others, then left, top, width and height as parts of the picture, 0 to 1.
    """
    names = getattr(clip, "names", ())
    found = [_box(line, names) for line in boxes.splitlines() if line.strip()]
    positive = conditioners.layout_vectors(clip, found)
    return [[positive, {}]], [[conditioners.layout_vectors(clip, []), {}]]


@node("SegmentationConditioning", category="conditioning/paper", outputs=SHOWN)
def segmentation_conditioning(
    *, clip: Clip, segmentation: Image
) -> tuple[Conditioning, Conditioning, Latent]:
    """Show a semantic synthesis model what is to be where; use cfg 1.

    Args:
        clip: of the checkpoint, which holds what scales maps.
        segmentation: a map of classes; the grey value of a pixel, 0 to 255, is its class.
    """
    cell = 2 ** getattr(clip, "halvings", 0)
    numbers = (crop_to_multiple(segmentation, cell)[..., 0] * 255).round().long()
    shown = conditioners.class_map(clip, numbers)
    return *_sides(concat_image=shown), {"samples": torch.zeros(shown.shape)}


@node("PaintClass", category="conditioning/paper", title="Paint Class", lane="host")
def paint_class(*, mask: Mask, class_number: Int(0, 255) = 0, segmentation: Image = None) -> Image:
    """Give a part of a map of classes its class, for Segmentation Conditioning.

    Args:
        mask: white gets the class.
        class_number: that of COCO-Stuff less one: clouds 105, grass 123, hill 126, mountain 134,
            river 147, rock 149, sand 153, sea 154, sky 156, snow 158, tree 168.
        segmentation: the map so far, of the mask's size; without one, all else is class 0.
    """
    inside = (mask.reshape(-1, *mask.shape[-2:]) >= 0.5)[..., None]  # b h w 1
    if segmentation is None:
        segmentation = torch.zeros(*inside.shape[:3], 3)
    if segmentation.shape[1:3] != inside.shape[1:3]:
        raise InvalidInput(
            f"The mask has {inside.shape[2]} x {inside.shape[1]} pixels, the map "
            f"{segmentation.shape[2]} x {segmentation.shape[1]}: give both one size, since "
            "resizing would blur the classes."
        )
    return torch.where(inside, class_number / 255, segmentation[..., :3])


@node("LatentSuperResolution", category="conditioning/paper", lane="host", outputs=SHOWN)
def latent_super_resolution(*, images: Image) -> tuple[Conditioning, Conditioning, Latent]:
    """Show a super-resolution model small pictures, which it makes four times as large.

    A pixel becomes a cell of the latent, which its autoencoder decodes to 4 x 4; use cfg 1.

    Args:
        images: the small pictures.
    """
    shown = images[..., :3].movedim(-1, 1) * 2 - 1
    return *_sides(concat_image=shown), {"samples": torch.zeros(shown.shape)}


@node("LatentInpainting", category="conditioning/paper", outputs=(*SHOWN, "image", "mask"))
def latent_inpainting(
    *, vae: Vae, pixels: Image, mask: Mask, ctx: Context
) -> tuple[Conditioning, Conditioning, Latent, Image, Mask]:
    """Show the paper's inpainting model what surrounds a mask; use cfg 1.

    It paints the whole picture anew: lay what it made over the image that this node gives, under
    the mask that it gives, by ImageCompositeMasked, as the paper does.

    Args:
        vae: the autoencoder of the checkpoint.
        pixels: the pictures.
        mask: white is made anew, whole objects with their shadows.
    """
    if vae is None:
        raise InvalidInput(
            "The vae input is empty: the checkpoint holds no autoencoder. Load one with "
            "Load VAE and connect it here."
        )
    pixels, hidden = _fitting(pixels, mask, vae.downscale)
    black = pixels[..., :3] * (1 - hidden.movedim(1, -1))
    shown = autoencoder.encode(vae, black, tiled=ctx.tight)
    sides = _sides(concat_latent_image=shown, concat_mask=hidden)
    return *sides, {"samples": torch.zeros_like(shown)}, pixels, hidden[:, 0]


def _unconditional(**options: Tensor) -> list[list[object]]:
    """One entry without tokens: no vector, of no width."""
    return [[torch.zeros(1, 1, 0), dict(options)]]


def _sides(**options: Tensor) -> tuple[list[list[object]], list[list[object]]]:
    return _unconditional(**options), _unconditional(**options)


def _class(clip: Clip, name: str) -> int:
    return class_number(name, "ImageNet", getattr(clip, "names", ()))


def _box(line: str, names: Sequence[str]) -> Box:
    *name, x, y, width, height = [""] * 4 + line.replace(",", " ").split()
    try:
        place = [float(n) for n in (x, y, width, height)]
    except ValueError as error:
        raise InvalidInput(
            f"'{line.strip()}' is no object of a layout. A line is a class, then left, top, width "
            "and height from 0 to 1, such as 'Palm tree 0.1 0.2 0.5 0.6'."
        ) from error
    return Box(class_number(" ".join(name), "OpenImages", names), *place)


def _fitting(pixels: Image, mask: Mask, multiple: int) -> tuple[Tensor, Tensor]:
    """Both cut to multiples of a latent cell; the mask ``b 1 h w`` of 0 and 1 in pixels."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:])
    mask = (F.interpolate(mask, size=pixels.shape[1:3], mode="bilinear") >= 0.5).float()
    cut = crop_to_multiple(mask.movedim(1, -1), multiple).movedim(-1, 1)
    return crop_to_multiple(pixels, multiple), cut
