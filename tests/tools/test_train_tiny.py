"""The training scripts of the embedded model, on networks and sprites of toy size."""

from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from engine.diffusion.networks.autoencoder import AutoencoderConfig, AutoencoderKL
from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.diffusion.networks.unet import UNet, UNetConfig
from tools.train_tiny import export, loop
from tools.train_tiny.compose import Scenes, Sprites, caption, draw_scenes, paint
from tools.train_tiny.concepts import COLOURS, CONCEPTS, STYLES
from tools.train_tiny.convert_upscaler import convert
from tools.train_tiny.diffusion import (
    LATENT_SCALE,
    draw_timesteps,
    noise_loss,
    sample,
    signal_levels,
)
from tools.train_tiny.grid import prompts
from tools.train_tiny.train_embedding import Word
from tools.train_tiny.train_unet import Latents

UNET = UNetConfig(
    model_channels=32, channel_mult=(1, 2), num_res_blocks=1, attention_depth=(0, 1), context_dim=32
)
VAE = AutoencoderConfig(channels=32, channel_mult=(1, 1), num_res_blocks=1)
TEXT = ClipTextConfig(vocab_size=600, width=32, layers=1, heads=2)


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def some_latents() -> Latents:
    g = seeded(0)
    z, context = torch.randn(8, 4, 8, 8, generator=g), torch.randn(3, 5, 32, generator=g)
    mean, std = torch.tensor([0.5, -1.0, 0.0, 2.0]), torch.tensor([2.0, 0.5, 1.0, 3.0])
    return Latents(z, torch.randint(3, (8,), generator=g), context, mean, std)


def some_sprites() -> Sprites:
    rgba = torch.zeros(2, 4, 128, 128, dtype=torch.uint8)
    rgba[:, :, 32:96, 32:96] = 255
    return Sprites(rgba, torch.tensor([[0, 1]]).expand(len(CONCEPTS), -1))


def new_run() -> loop.Run:
    torch.manual_seed(1)
    model = UNet(UNET)
    return loop.Run(model, torch.optim.AdamW(model.parameters(), 1e-3), seeded(1), decay=0.99)


def train(path: Path, steps: int) -> loop.Run:
    data, run = some_latents(), new_run()

    def loss(run: loop.Run) -> Tensor:
        rows = torch.randint(8, (2,), generator=run.g)
        return noise_loss(run.model, data.z[rows], data.context[data.caption[rows]], run.g)

    loop.train(run, path, steps, 1e-3, loss, every=1)
    return run


def test_a_stopped_run_continues_bit_for_bit(tmp_path: Path) -> None:
    straight = train(tmp_path / "a.pt", 2)
    train(tmp_path / "b.pt", 1)
    continued = train(tmp_path / "b.pt", 2)
    assert continued.step == 2
    for a, b in zip(straight.average.values(), continued.average.values(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(straight.model.parameters(), continued.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_export_holds_every_tensor_the_networks_expect() -> None:
    unet, vae, text = UNet(UNET), AutoencoderKL(VAE), ClipText(TEXT)
    file = export.joined(unet.state_dict(), vae.state_dict(), text.state_dict(), some_latents())
    for prefix, network in ((export.UNET, unet), (export.VAE, vae), (export.TEXT, text)):
        part = {k.removeprefix(prefix): v.float() for k, v in file.items() if k.startswith(prefix)}
        network.load_state_dict(part, strict=True)
    sizes = [len(n.state_dict()) for n in (unet, vae, text)]
    assert len(file) == sum(sizes)
    assert {t.dtype for t in file.values()} == {torch.float16}


@torch.no_grad()
def test_folding_normalises_latents_and_leaves_pictures_alone() -> None:
    torch.manual_seed(0)
    vae, folded, data = AutoencoderKL(VAE).eval(), AutoencoderKL(VAE).eval(), some_latents()
    folded.load_state_dict(export.fold_normalisation(vae.state_dict(), data.mean, data.std))
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    mean, logvar = vae.encode_moments(x)
    mean_folded, logvar_folded = folded.encode_moments(x)
    centre, width = data.mean[:, None, None], data.std[:, None, None]
    torch.testing.assert_close(mean_folded * LATENT_SCALE, (mean - centre) / width)
    spread = (0.5 * logvar).exp() / width
    torch.testing.assert_close((0.5 * logvar_folded).exp() * LATENT_SCALE, spread)
    torch.testing.assert_close(folded.decode(mean_folded), vae.decode(mean), rtol=1e-4, atol=1e-4)


def test_the_same_seed_gives_the_same_scenes_captions_and_pictures() -> None:
    def make(seed: int) -> tuple[list[str], Tensor]:
        g = seeded(seed)
        scenes = draw_scenes(6, g)
        columns = (t.tolist() for t in (scenes.concept, scenes.style, scenes.colour))
        texts = [caption(*row, g) for row in zip(*columns, strict=True)]
        return texts, paint(scenes, some_sprites(), g)

    (texts, pictures), (texts_again, pictures_again) = make(7), make(7)
    assert texts == texts_again
    assert torch.equal(pictures, pictures_again)
    assert make(8)[0] != texts


def test_a_caption_says_what_the_scene_shows() -> None:
    concept = list(CONCEPTS).index("owl")
    texts = [caption(concept, 1, list(COLOURS).index("blue"), seeded(s)) for s in range(40)]
    assert all("owl" in text and "blue" in text for text in texts)
    assert all("3d render" not in text for text in texts)
    assert 0 < sum("cartoon" not in text for text in texts) < 20  # the style may stay unsaid


def test_a_scene_is_painted_in_its_ground_colour() -> None:
    green = list(COLOURS).index("green")
    scenes = Scenes(torch.tensor([0]), torch.tensor([0]), torch.tensor([green]))
    picture = paint(scenes, some_sprites(), seeded(0))
    assert picture.shape == (1, 3, 128, 128)
    red, green_level, blue = ((picture[0, :, 64, 0] + 1) * 127.5).tolist()
    assert green_level > red
    assert green_level > blue
    assert picture[0, :, 64, 64].min() == 1  # the white sprite in the middle


def test_timesteps_follow_the_loss_weights_without_bias() -> None:
    t, weight = draw_timesteps(40000, seeded(0))
    assert (t < 100).float().mean() < 0.05
    assert weight.mean() == pytest.approx(1, abs=0.05)
    assert weight[t > 400].std() < 1e-5  # beyond SNR 5 all errors count alike


def test_sampling_with_a_perfect_denoiser_returns_the_picture() -> None:
    truth = torch.randn(2, 4, 4, 4, generator=seeded(0))

    def perfect(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        alpha = levels[t].view(-1, 1, 1, 1)
        return (x - alpha.sqrt() * truth.repeat(2, 1, 1, 1)) / (1 - alpha).sqrt()

    levels, context = signal_levels(), torch.zeros(2, 1, 1)
    noise = torch.randn(2, 4, 4, 4, generator=seeded(1))
    found = sample(perfect, noise, context, context[:1], steps=20, cfg=3.0)
    torch.testing.assert_close(found, truth, rtol=1e-3, atol=1e-3)


def test_the_grid_is_fixed_and_names_only_taught_concepts() -> None:
    texts = prompts()
    assert texts == prompts()
    assert len(set(texts)) == 48
    assert all(any(name in text for name in CONCEPTS) for text in texts)
    assert {style for style in STYLES if any(style in text for text in texts)} == set(STYLES)


def ncnn_pair() -> tuple[str, bytes, dict[str, Tensor]]:
    """A one-convolution network as ncnn writes it, and the tensors it holds."""
    g = seeded(0)
    weight = torch.randn(2, 3, 3, 3, generator=g).half().float()
    bias, slope = torch.randn(2, generator=g), torch.randn(2, generator=g)
    param = "7767517\n3 3\nInput in 0 1 x\n"
    param += "Convolution c 1 1 x y 0=2 1=3 4=1 5=1 6=54\nPReLU p 1 1 y z 0=2\n"
    data = (0x01306B47).to_bytes(4, "little") + weight.half().numpy().tobytes()
    data += bias.numpy().tobytes() + slope.numpy().tobytes()
    return param, data, {"body.0.weight": weight, "body.0.bias": bias, "body.1.weight": slope}


def test_ncnn_weights_get_their_torch_names() -> None:
    param, data, expected = ncnn_pair()
    found = convert(param, data)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_left_over_bytes_are_refused() -> None:
    param, data, _ = ncnn_pair()
    with pytest.raises(SystemExit, match="not the file expected here"):
        convert(param, data + b"\0\0\0\0")


def test_learnt_vectors_take_the_places_of_the_stand_in_in_order() -> None:
    encoder = ClipText(TEXT).eval()
    tokens = torch.tensor([[1, 7, 7, 2], [7, 3, 7, 2]])
    as_words = encoder.embed(torch.tensor([4, 5]))
    wanted = encoder(torch.tensor([[1, 4, 5, 2], [4, 3, 5, 2]]))
    torch.testing.assert_close(Word(as_words.detach()).context(tokens, 7, encoder), wanted)
