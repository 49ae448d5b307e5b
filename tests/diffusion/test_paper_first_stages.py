"""The first stages of Rombach et al. 2022: recognised, complete, and equal to diffusers'."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.diffusion import vae as autoencoder
from engine.diffusion.checkpoints import build, load_vae
from engine.diffusion.families.autoencoder import describe_vae
from engine.diffusion.networks.autoencoder import AutoencoderKL
from engine.diffusion.networks.vq import Codebook, VectorQuantised
from engine.diffusion.weights import Header
from tests.diffusion.test_networks import BOUND, relative_error, shapes_of
from tests.paper_layouts import FIRST_STAGES, first_stage, with_prefix

CPU = torch.device("cpu")
#: Millions of parameters; that of kl-f8, which Stable Diffusion took over, is widely published.
MILLIONS = {"kl-f8": 83.65, "vq-f4": 55.32}


@pytest.mark.parametrize("name", FIRST_STAGES)
@pytest.mark.parametrize("prefix", ["", "first_stage_model."])
def test_full_size_first_stages(name: str, prefix: str) -> None:
    """Every tensor of the published layout, and no other, in its shape."""
    layout = first_stage(name)
    mult, _, channels, entries, _ = FIRST_STAGES[name]
    vae = describe_vae(Header(Path("x.ckpt"), "id", with_prefix(prefix, layout), {}), prefix)
    assert vae and (vae.downscale, vae.channels) == (2 ** (len(mult) - 1), channels)
    with torch.device("meta"):
        network = vae.weights.build()
    assert isinstance(network, VectorQuantised if entries else AutoencoderKL)
    assert shapes_of(network) == layout
    if name in MILLIONS:
        count = sum(p.numel() for p in network.parameters()) / 1e6
        assert round(count, 2) == MILLIONS[name]


def diffusers_network(codebook: bool, attend: bool, middle: bool) -> Any:
    """diffusers' network, random, with two levels, of which the coarse one may attend."""
    from diffusers import AutoencoderKL as TheirKL
    from diffusers import VQModel

    down = ("DownEncoderBlock2D", "AttnDownEncoderBlock2D" if attend else "DownEncoderBlock2D")
    up = ("AttnUpDecoderBlock2D" if attend else "UpDecoderBlock2D", "UpDecoderBlock2D")
    sizes: dict[str, Any] = {
        "block_out_channels": (128, 256),
        "layers_per_block": 1,
        "down_block_types": down,
        "up_block_types": up,
        "latent_channels": 3,
        "mid_block_add_attention": middle,
    }
    made = VQModel(num_vq_embeddings=512, **sizes) if codebook else TheirKL(**sizes)
    if codebook:
        nn.init.normal_(made.quantize.embedding.weight)
    return made.eval()


@torch.no_grad()
@pytest.mark.parametrize("attend", [False, True])
@pytest.mark.parametrize("middle", [False, True])
def test_codebooks_equal_diffusers(tmp_path: Path, attend: bool, middle: bool) -> None:
    """Encoding to unquantised latents, decoding through the codebook; measured: 5e-6."""
    pytest.importorskip("diffusers")
    theirs = diffusers_network(True, attend, middle)
    ours = loaded(tmp_path, theirs)
    image, latent = torch.rand(2, 3, 16, 24) * 2 - 1, torch.randn(2, 3, 8, 12)
    assert relative_error(ours.encode(image), theirs.encode(image).latents) < BOUND
    codes = theirs.quantize(latent)[2][2].view(2, 8, 12)
    assert torch.equal(ours.quantize.embedding.codes(latent), codes)
    assert relative_error(ours.decode(latent), theirs.decode(latent).sample) < BOUND


@torch.no_grad()
def test_attending_levels_equal_diffusers(tmp_path: Path) -> None:
    """The KL-regularised kind with attention, as at f16 and f32; measured: 5e-6."""
    pytest.importorskip("diffusers")
    theirs = diffusers_network(False, True, True)
    ours = loaded(tmp_path, theirs)
    image, latent = torch.rand(2, 3, 16, 24) * 2 - 1, torch.randn(2, 3, 8, 12)
    assert relative_error(ours.encode(image), theirs.encode(image).latent_dist.mean) < BOUND
    assert relative_error(ours.decode(latent), theirs.decode(latent).sample) < BOUND


def loaded(folder: Path, theirs: nn.Module) -> Any:
    """Our network of a file with diffusers' tensors."""
    path = folder / "vae.safetensors"
    save_file({k: t.contiguous() for k, t in theirs.state_dict().items()}, path)
    return build(load_vae(path).weights, CPU, torch.float32)


def test_codes_are_the_nearest_entries() -> None:
    """By distances in float64, over more cells than are looked at at once, in two precisions."""
    book = Codebook(50, 4)
    z = torch.randn(3, 4, 20, 30)
    cells = z.movedim(1, -1).reshape(-1, 4).double()
    nearest = torch.cdist(cells, book.weight.double()).argmin(1).view(3, 20, 30)
    assert torch.equal(book.codes(z), nearest)
    assert torch.equal(book(z)[1, :, 2, 3], book.weight[nearest[1, 2, 3]])
    small = book.bfloat16()
    assert small(z.bfloat16()).dtype == torch.bfloat16


def test_a_picture_there_and_back(tmp_path: Path) -> None:
    """As the nodes call it: a file of the original layout, leftovers of training included."""
    layout = small_layout()
    tensors: dict[str, Tensor] = {k: torch.randn(s) * 0.02 for k, s in layout.items()}
    more = {"loss.discriminator.weight": torch.zeros(3), "model_ema.decay": torch.zeros(())}
    path = tmp_path / "vq-f4.ckpt"
    torch.save({"state_dict": tensors | more, "global_step": 1}, path)
    vae = load_vae(path)
    latent = autoencoder.encode(vae, torch.rand(1, 33, 42, 3))
    assert latent.shape == (1, 3, 8, 10)
    image = autoencoder.decode(vae, latent)
    assert image.shape == (1, 32, 40, 3) and image.isfinite().all()
    # What decides is the nearest entry: a step that stays nearest changes nothing.
    assert torch.equal(autoencoder.decode(vae, latent + 1e-9), image)


def small_layout() -> dict[str, tuple[int, ...]]:
    from tests.paper_layouts import autoencoder as layout

    return layout((1, 1, 2), (2,), 3, 16, ch=32, blocks=1)
