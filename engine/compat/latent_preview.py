"""``latent_preview``: pictures while sampling."""

from collections.abc import Callable
from typing import Any

from PIL import Image
from torch import Tensor

from engine.diffusion.preview import preview
from engine.diffusion.sample import OnStep

from . import state
from .utils import ProgressBar

MAX_PREVIEW_RESOLUTION = 512


class LatentPreviewer:
    """Makes rough pictures of latents.

    Attributes:
        form: of the latents.
    """

    def __init__(self, form: Any) -> None:
        self.form = form

    def decode_latent_to_preview(self, x0: Tensor) -> Image.Image:
        """The first picture of a scaled latent ``b c h w``."""
        return Image.fromarray(preview(x0, getattr(self.form, "own", self.form)))

    def decode_latent_to_preview_image(
        self, preview_format: str, x0: Tensor
    ) -> tuple[str, Image.Image, int]:
        """The same with its format and longest side, as progress bars take it."""
        return preview_format, self.decode_latent_to_preview(x0), MAX_PREVIEW_RESOLUTION


def get_previewer(device: Any, latent_format: Any) -> LatentPreviewer:
    """What makes pictures of latents of this format."""
    return LatentPreviewer(latent_format)


def prepare_callback(
    model: Any, steps: int, x0_output_dict: dict[str, Any] | None = None
) -> Callable[[int, Tensor, Tensor, int], None]:
    """What samplers tell ``(step, clean latent, noisy latent, steps)`` after each step."""
    bar = ProgressBar(steps)
    previewer = LatentPreviewer(model.latent_format)

    def told(step: int, x0: Tensor, x: Tensor, total_steps: int) -> None:
        if x0_output_dict is not None:
            x0_output_dict["x0"] = x0
        shown = previewer.decode_latent_to_preview_image("JPEG", x0)
        bar.update_absolute(step + 1, total_steps, shown)

    return told


def watcher(model: Any) -> OnStep:
    """Tells the client of the running node how far a sampling is, with pictures when due."""

    form = getattr(model.latent_format, "own", model.latent_format)

    def told(done: int, total: int, denoised: Tensor | None) -> None:
        if (ctx := state.context()) is None:
            return
        picture = None if denoised is None else lambda: preview(denoised, form)
        ctx.progress(done, total, picture)

    return told
