"""Pictures and latents put beside, into and onto each other.

Invariant: every function gives something new and leaves its arguments alone.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from .resize import resize

#: Colours of the space between pictures, as red, green, blue.
COLORS = {
    "white": (1.0, 1.0, 1.0),
    "black": (0.0, 0.0, 0.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
}
DIRECTIONS = ("right", "down", "left", "up")
#: Brightness of what is still to be painted.
GREY = 0.5


def cycled(x: Tensor, count: int) -> Tensor:
    """A batch of so many items: cut, or repeated from its beginning."""
    return x[torch.arange(count) % len(x)]


def resized(image: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """Pictures ``b h w c`` in another size."""
    if image.shape[1:3] == (height, width):
        return image
    return resize(image.movedim(-1, 1), width, height, method, crop).movedim(1, -1)


def with_channels(image: Tensor, channels: int) -> Tensor:
    """Pictures ``b h w c`` with more channels, which are opaque, or fewer."""
    missing = channels - image.shape[-1]
    return F.pad(image, (0, missing), value=1.0) if missing > 0 else image[..., :channels]


def batched(first: Tensor, second: Tensor) -> Tensor:
    """Two batches of pictures as one; the second is fitted to the size of the first."""
    channels = max(first.shape[-1], second.shape[-1])
    height, width = first.shape[1:3]
    fitted = resized(second, width, height, "bilinear", "center")
    return torch.cat([with_channels(first, channels), with_channels(fitted, channels)])


def pasted(
    destination: Tensor,
    source: Tensor,
    x: int,
    y: int,
    mask: Tensor | None = None,
    resize_source: bool = False,
) -> Tensor:
    """Lay one ``b c h w`` onto another; what hangs over is cut.

    Args:
        destination: decides size and batch.
        source: its batch is cut or repeated.
        x: where its left side goes, in cells.
        y: where its top goes, in cells.
        mask: ``(b) h w``, 1 where the source shows; resized to the source.
        resize_source: stretch the source over the whole destination first.
    """
    count, height, width = len(destination), *destination.shape[-2:]
    if resize_source:
        source = F.interpolate(source, size=(height, width), mode="bilinear")
    source = cycled(source.to(destination), count)
    shown = _shown(mask, count, source)
    out = destination.clone()
    x, y = min(x, width), min(y, height)
    part = out[..., y : y + source.shape[-2], x : x + source.shape[-1]]
    h, w = part.shape[-2:]
    part.copy_(torch.lerp(part.clone(), source[..., :h, :w], shown[..., :h, :w]))
    return out


def _shown(mask: Tensor | None, count: int, source: Tensor) -> Tensor:
    """How much of the source shows, ``b 1 h w``."""
    if mask is None:
        return torch.ones_like(source[:, :1])
    mask = mask.reshape(-1, 1, *mask.shape[-2:]).to(source)
    return cycled(F.interpolate(mask, size=source.shape[-2:], mode="bilinear"), count)


def padded(
    image: Tensor, left: int, top: int, right: int, bottom: int, feathering: int
) -> tuple[Tensor, Tensor]:
    """A picture with grey around it, and a mask of what is to be painted.

    Args:
        image: ``b h w c``.
        left: pixels to add; likewise the others.
        feathering: pixels of the picture over which the mask fades, quadratically, from the
            sides at which there is something to paint; none if the picture is not twice as
            large.

    Returns:
        ``b h' w' c`` and ``1 h' w'``.
    """
    height, width = image.shape[1:3]
    margins = (left, right, top, bottom)
    canvas = F.pad(image.movedim(-1, 1), margins, value=GREY).movedim(1, -1)
    inside = torch.zeros(height, width)
    if feathering > 0 and 2 * feathering < min(height, width):
        depth = torch.minimum(_depth(height, top, bottom)[:, None], _depth(width, left, right))
        inside = (1 - depth / feathering).clamp(min=0) ** 2
    return canvas.contiguous(), F.pad(inside, margins, value=1.0)[None]


def _depth(size: int, before: int, after: int) -> Tensor:
    """Distance of each pixel to the ends at which something is added."""
    at = torch.arange(size, dtype=torch.float32)
    far = torch.full_like(at, torch.inf)
    return torch.minimum(at if before else far, at.flip(0) if after else far)


def letterboxed(image: Tensor, width: int, height: int, color: str, method: str) -> Tensor:
    """Pictures that fit into a size, with bars of a colour at two sides."""
    old_height, old_width = image.shape[1:3]
    scale = min(width / old_width, height / old_height)
    w, h = max(1, int(old_width * scale)), max(1, int(old_height * scale))
    fitted = resized(image, w, h, method)
    x, y = (width - w) // 2, (height - h) // 2
    margins = (x, width - w - x, y, height - h - y)
    bars = 1.0 if color == "white" else 0.0
    return F.pad(fitted.movedim(-1, 1), margins, value=bars).movedim(1, -1).contiguous()


def stitched(
    first: Tensor, second: Tensor, direction: str, match: bool, spacing: int, color: str
) -> Tensor:
    """Two batches of pictures side by side, ``b h w c``.

    Args:
        first: the last picture of the shorter batch is repeated.
        second: goes to the given side of the first.
        direction: one of ``DIRECTIONS``.
        match: resize the second so that both are of one height or width; otherwise the
            smaller one is centred on black.
        spacing: pixels between them, rounded up to an even number.
        color: of the space between, one of ``COLORS``.
    """
    beside = direction in ("right", "left")
    if match:
        second = _matched(first, second, beside)
    count, channels = max(len(first), len(second)), max(first.shape[-1], second.shape[-1])
    pair = [with_channels(_lengthened(one, count), channels) for one in (first, second)]
    along, across = (2, 1) if beside else (1, 2)
    size = max(one.shape[across] for one in pair)
    pair = [_centred(one, across, size) for one in pair]
    parts = pair if direction in ("right", "down") else pair[::-1]
    if spacing > 0:
        shape = list(parts[0].shape)
        shape[along] = spacing + spacing % 2
        fill = torch.tensor([*COLORS[color], 1.0])[:channels].to(first)
        parts = [parts[0], fill.expand(shape), parts[1]]
    return torch.cat(parts, dim=along)


def _matched(first: Tensor, second: Tensor, beside: bool) -> Tensor:
    (height, width), (h, w) = first.shape[1:3], second.shape[1:3]
    if beside:
        return resized(second, max(1, int(height * w / h)), height, "lanczos")
    return resized(second, width, max(1, int(width * h / w)), "lanczos")


def _lengthened(x: Tensor, count: int) -> Tensor:
    return torch.cat([x, x[-1:].expand(count - len(x), *x.shape[1:])])


def _centred(image: Tensor, axis: int, size: int) -> Tensor:
    """Pictures with black at both ends of an axis."""
    missing = size - image.shape[axis]
    ends = (missing // 2, missing - missing // 2)
    margins = (0, 0, 0, 0, *ends) if axis == 1 else (0, 0, *ends)
    return F.pad(image, margins)
