"""The comparison of spaces: the same network and pictures, only the bottleneck differs."""

from pathlib import Path

import torch
from torch import Generator, Tensor

from tools.train_tiny.bottleneck import (
    CLASSES,
    Space,
    draw,
    flops,
    named,
    new_unet,
    pictures,
    space,
)
from tools.train_tiny.compose import Sprites
from tools.train_tiny.concepts import CONCEPTS
from tools.train_tiny.diffusion import signal_levels


def some_sprites() -> Sprites:
    """Every concept is a square of its own grey."""
    rgba = torch.zeros(len(CONCEPTS), 4, 128, 128, dtype=torch.uint8)
    rgba[:, 3, 32:96, 32:96] = 255
    rgba[:, :3, 32:96, 32:96] = (torch.arange(len(CONCEPTS)) * 3)[:, None, None, None].byte()
    return Sprites(rgba, torch.arange(len(CONCEPTS))[:, None].expand(-1, 2))


def test_the_networks_differ_only_in_the_channels_of_their_space() -> None:
    pixels, latents = new_unet(3), new_unet(4)
    sizes = [sum(p.numel() for p in network.parameters()) for network in (pixels, latents)]
    assert 0 < sizes[1] - sizes[0] < 1e-3 * sizes[0]
    assert 14 < flops(pixels, 3, 128) / flops(latents, 4, 32) < 20


def test_a_picture_shows_the_class_it_is_taught_as() -> None:
    x, shown = pictures(16, some_sprites(), Generator().manual_seed(1))
    greys = (x[:, 0, 64, 64] + 1) / 2 * 255
    torch.testing.assert_close(greys, CLASSES[shown] * 3.0, rtol=0, atol=0.5)


def test_pixels_are_their_own_space(tmp_path: Path) -> None:
    own, x = space(1, tmp_path, some_sprites()), torch.rand(2, 3, 8, 8)
    assert torch.equal(own.decode(own.encode(x)), x)


def test_a_denoiser_that_knows_the_picture_draws_it() -> None:
    class Knows(torch.nn.Module):
        """Predicts the noise beside one grey."""

        def forward(self, x: Tensor, t: Tensor, context: None, vector: Tensor) -> Tensor:
            return (x - level(t).sqrt() * 0.25) / (1 - level(t)).sqrt()

    def level(t: Tensor) -> Tensor:
        return signal_levels()[t.long()].view(-1, 1, 1, 1)

    own = Space(lambda x: x, lambda z: z, 3)
    drawn = draw(Knows(), own, 8, torch.zeros(2, dtype=torch.long))
    torch.testing.assert_close(drawn, torch.full((2, 3, 8, 8), 0.25), rtol=0, atol=2e-2)
    assert named(Knows())(drawn, torch.zeros(2), torch.zeros(2)).shape == drawn.shape
