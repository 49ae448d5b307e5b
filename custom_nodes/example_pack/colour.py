"""Two nodes that show the manner: a plain one, and one that reports progress and shows text."""

from engine.api import Choice, Context, Float, Image, Mask, Output, node

CHANNELS = ("red", "green", "blue")


@node("ExampleTint", category="example", title="Tint (example)")
def tint(
    *,
    image: Image,
    channel: Choice(CHANNELS) = "red",
    amount: Float(0, 1, step=0.01) = 0.5,
    mask: Mask = None,
) -> Image:
    """Push a picture towards one colour.

    Args:
        image: the picture.
        channel: the colour.
        amount: 0 changes nothing, 1 leaves only that colour.
        mask: tint only where it is 1.
    """
    keep = image.new_tensor([name == channel for name in CHANNELS])
    tinted = image * (1 - amount * (1 - keep))  # b h w c
    if mask is None:
        return tinted
    return image + (tinted - image) * mask[..., None]


@node("ExampleBrightness", category="example", title="Brightness (example)", is_output=True)
def brightness(*, images: Image, ctx: Context) -> Output:
    """Show the mean brightness of each picture as text.

    Args:
        images: one or more pictures.
    """
    lines = []
    for number, image in enumerate(images, start=1):
        ctx.progress(number, len(images))
        lines.append(f"picture {number}: {float(image.mean()):.3f}")
    return Output(ui={"text": lines})
