"""Parts of models from files of their own, folders and other layouts."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.cache.references import form_of
from engine.diffusion import residency
from engine.diffusion import vae as autoencoder
from engine.diffusion.checkpoints import build, load_checkpoint
from engine.diffusion.families.diffusers_unet import compvis_names
from engine.diffusion.files import (
    load_clip_vision,
    load_diffusion_model,
    load_folder,
    load_text_encoders,
    load_tiny_vae,
)
from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.diffusion.networks.clip_vision import ClipVision
from engine.diffusion.networks.tiny_autoencoder import TinyAutoencoder, TinyConfig
from engine.diffusion.networks.unet import UNet
from engine.diffusion.parameterization import Discrete
from engine.diffusion.text.encode import encode
from engine.errors import ModelFileError
from engine.workers.references import register_handles
from tests.diffusion.test_networks import (
    BOUND,
    relative_error,
    unet_names_of_diffusers,
    with_prefix,
)
from tests.diffusion.test_parity import REFINER, SD21, SDXL, X4, carried_over, theirs
from tests.tiny_checkpoint import open_clip_layout
from tests.tiny_families import KINDS, VISION, tiny_family, vision_layout, write_tiny_family

CPU = torch.device("cpu")
UNET = "model.diffusion_model."


def below(prefix: str, tensors: dict[str, Tensor], instead: str = "") -> dict[str, Tensor]:
    return {instead + k[len(prefix) :]: t for k, t in tensors.items() if k.startswith(prefix)}


def back_from_file(handle: Any) -> Any:
    """A handle after a restart: stored as a name, loaded again."""
    register_handles()
    form = form_of(handle)
    assert form is not None
    return form.load(form.store(handle))


@pytest.mark.parametrize("prefix", [UNET, "model.model.", "net.", "model.", ""])
@pytest.mark.parametrize("kind", ["sd1", "sd2-inpaint", "sdxl", "refiner", "x4"])
def test_a_denoiser_alone(tmp_path: Path, kind: str, prefix: str) -> None:
    """Under any prefix it is the one of the checkpoint, and comes back after a restart."""
    path = tmp_path / "unet.safetensors"
    save_file(below(UNET, tiny_family(kind), prefix), path)
    whole = load_checkpoint(write_tiny_family(tmp_path / "whole.safetensors", kind)).model
    model = load_diffusion_model(path)
    assert (model.sampling, model.latent_format.scale, model.context_dim) == (
        whole.sampling,
        whole.latent_format.scale,
        whole.context_dim,
    )
    network = build(model.weights, CPU, torch.float32)
    assert network.config == KINDS[kind][0]  # type: ignore[comparison-overlap]
    compact = load_diffusion_model(path, torch.float8_e5m2)
    half = replace(model, weights=model.weights.computed(torch.float16))
    both = replace(compact, weights=compact.weights.computed(torch.float16))
    for handle in (model, compact, half, both):
        assert back_from_file(handle) == handle
    assert back_from_file(both).weights.computed_as == torch.float16
    assert back_from_file(compact).weights.kept_as == torch.float8_e5m2


def test_a_denoiser_alone_keeps_its_markers(tmp_path: Path) -> None:
    """A velocity-predicting SDXL is one without its checkpoint too."""
    for prefix in (UNET, ""):
        path = tmp_path / f"unet{len(prefix)}.safetensors"
        tensors = below(UNET, tiny_family("sdxl"), prefix)
        save_file(tensors | {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}, path)
        model = load_diffusion_model(path)
        assert model.sampling == Discrete(prediction="v", zero_terminal=True)
        build(model.weights, CPU, torch.float32)


@pytest.mark.parametrize("config", [SD21, SDXL, REFINER, X4], ids=["sd21", "sdxl", "refiner", "x4"])
def test_names_of_diffusers_are_the_inverse_of_their_converter(config: Any) -> None:
    """At full size: each of our tensors comes back under its own name."""
    with torch.device("meta"):
        ours, reference = UNet(config), theirs(config)
    known = compvis_names(reference.state_dict())
    assert sorted(known.values()) == sorted(UNET + name for name in ours.state_dict())
    # The converter hands the tensors on, so identity tells which became which.
    state = with_prefix(UNET, ours)
    were = {id(tensor): name for name, tensor in state.items()}
    converted = unet_names_of_diffusers(dict(state), reference.config)
    assert {name: were[id(tensor)] for name, tensor in converted.items()} == known


def test_pruned_networks_in_diffusers_layout() -> None:
    """Without attention in the middle, and without a middle, as in SSD-1B and KOALA."""
    diffusers = pytest.importorskip("diffusers")
    sizes = {
        "block_out_channels": (64, 128),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2),
        "cross_attention_dim": 48,
        "attention_head_dim": (1, 2),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 1536 + 16,
    }
    for middle in ("UNetMidBlock2D", None):
        with torch.device("meta"):
            reference = diffusers.UNet2DConditionModel(mid_block_type=middle, **sizes)
        names = compvis_names(reference.state_dict()).values()
        blocks = {n.split(".")[3] for n in names if "middle_block" in n}
        assert blocks == ({"0"} if middle else set())


def test_one_text_encoder_of_each_kind(tmp_path: Path) -> None:
    """The number of layers tells CLIP-L, ViT-H and bigG apart, in both layouts."""
    for layers, name in ((12, "l"), (23, "h"), (24, "h"), (32, "g")):
        config = ClipTextConfig(vocab_size=600, width=64, layers=layers, heads=1, projection=32)
        torch.manual_seed(layers)
        state = ClipText(config).state_dict()
        plain, fused = tmp_path / f"{layers}.safetensors", tmp_path / f"{layers}-o.safetensors"
        save_file(state, plain)
        save_file({k: t.contiguous() for k, t in open_clip_layout(state).items()}, fused)
        one, two = (load_text_encoders([path]) for path in (plain, fused))
        assert [e.name for e in (*one.encoders, *two.encoders)] == [name, name]
        assert torch.allclose(encode(one, "cat")[0], encode(two, "cat")[0], atol=1e-5)
        assert back_from_file(one.encoders[0]) == one.encoders[0]


def test_vit_h_is_read_at_the_same_place_with_23_and_24_layers(tmp_path: Path) -> None:
    """diffusers' folders leave out the layer that nobody reads."""
    config = ClipTextConfig(vocab_size=600, width=64, layers=24, heads=1)
    state = ClipText(config).state_dict()
    save_file(state, tmp_path / "24.safetensors")
    save_file({k: t for k, t in state.items() if ".23." not in k}, tmp_path / "23.safetensors")
    whole, short = (load_text_encoders([tmp_path / f"{n}.safetensors"]) for n in (24, 23))
    assert torch.equal(encode(whole, "a cat")[0], encode(short, "a cat")[0])


def test_a_pair_of_text_encoders_in_any_order(tmp_path: Path) -> None:
    """Features are joined in the order that SDXL reads; twice the same kind is refused."""
    for layers, name in ((2, "l"), (32, "g")):
        config = ClipTextConfig(vocab_size=600, width=64, layers=layers, heads=1)
        save_file(ClipText(config).state_dict(), tmp_path / f"{name}.safetensors")
    paths = [tmp_path / "g.safetensors", tmp_path / "l.safetensors"]
    pair = load_text_encoders(paths)
    assert [e.name for e in pair.encoders] == ["l", "g"] and pair == load_text_encoders(paths[::-1])
    assert all(e.layer == -2 and not e.final_norm for e in pair.encoders)
    assert [back_from_file(e) for e in pair.encoders] == list(pair.encoders)
    with pytest.raises(ModelFileError, match="hold a CLIP-L"):
        load_text_encoders(paths[1:] * 2)


@pytest.mark.parametrize("open_clip", [False, True])
def test_a_vision_encoder_alone(tmp_path: Path, open_clip: bool) -> None:
    """In both layouts, and beside a text encoder."""
    state = ClipVision(VISION).state_dict()
    named = vision_layout(state) if open_clip else state
    prefix = "visual." if open_clip else ""
    save_file(
        {prefix + k: t.contiguous() for k, t in named.items()} | {"logit_scale": torch.ones(())},
        tmp_path / "vision.safetensors",
    )
    vision = load_clip_vision(tmp_path / "vision.safetensors")
    assert (vision.image_size, vision.width) == (28, 48)
    network = build(vision.weights, CPU, torch.float32)
    assert all(torch.equal(t, state[k]) for k, t in network.state_dict().items())
    assert back_from_file(vision) == vision


def test_a_folder_of_diffusers(tmp_path: Path) -> None:
    """All parts, in diffusers' and transformers' names, with what the scheduler says."""
    pytest.importorskip("diffusers")
    config = KINDS["sd2"][0]
    torch.manual_seed(0)
    ours, reference = UNet(config), theirs(config)
    parts: dict[str, dict[str, Tensor]] = {
        "unet/diffusion_pytorch_model": carried_over(ours, reference),
        "text_encoder/model": ClipText(KINDS["sd2"][1]["cond_stage_model.model."]).state_dict(),
        "vae/diffusion_pytorch_model.fp16": below("first_stage_model.", tiny_family("sd2")),
    }
    for name, tensors in parts.items():
        path = tmp_path / f"{name}.safetensors"
        path.parent.mkdir()
        save_file({k: t.contiguous() for k, t in tensors.items()}, path)
    (tmp_path / "scheduler").mkdir()
    said = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    (tmp_path / "scheduler/scheduler_config.json").write_text(json.dumps(said))
    found = load_folder(tmp_path)
    assert found.model.sampling == Discrete(prediction="v", zero_terminal=True)
    network = build(found.model.weights, CPU, torch.float32)
    state = ours.state_dict()
    assert all(torch.equal(t, state[k]) for k, t in network.state_dict().items())
    assert found.clip and found.vae and encode(found.clip, "cat")[0].shape[-1] == 128
    with pytest.raises(ModelFileError, match="no weights in 'unet'"):
        load_folder(tmp_path / "vae")


def tiny_files(folder: Path) -> tuple[Path, Path, nn.Module]:
    """A random tiny autoencoder in its two files."""
    torch.manual_seed(0)
    network = TinyAutoencoder(TinyConfig(0.18215)).eval()
    paths = folder / "taesd_decoder.safetensors", folder / "taesd_encoder.safetensors"
    for path, half in zip(paths, (network.decoder, network.encoder), strict=True):
        save_file(half.state_dict(), path)
    return *paths, network


def test_tiny_autoencoders(tmp_path: Path) -> None:
    """Two files or one, unscaled latents and pictures in 0..1 outside, equal to diffusers."""
    diffusers = pytest.importorskip("diffusers")
    decoder, encoder, network = tiny_files(tmp_path)
    both = {f"taesd_{k}": t for k, t in network.state_dict().items()}
    save_file(both, tmp_path / "both.safetensors")
    pair = load_tiny_vae("taesd", decoder, encoder)
    one = load_tiny_vae("taesd", tmp_path / "both.safetensors", None)
    reference = diffusers.AutoencoderTiny().eval()
    names = {k: t for k, t in network.state_dict().items()}
    renamed = {}
    for key, tensor in names.items():
        half, number, rest = key.split(".", 2)
        shifted = int(number) - (half == "decoder")
        renamed[f"{half}.layers.{shifted}.{rest}"] = tensor
    reference.load_state_dict(renamed)
    image, latent = torch.rand(1, 64, 96, 3), torch.randn(1, 4, 8, 12)
    with torch.no_grad():
        latents = reference.encode(image.movedim(-1, 1) * 2 - 1).latents / 0.18215
        pictures = reference.decode(latent * 0.18215).sample
    for vae in (pair, one):
        assert relative_error(autoencoder.encode(vae, image), latents) < BOUND
        decoded = (pictures / 2 + 0.5).clamp(0, 1).movedim(1, -1)
        assert relative_error(autoencoder.decode(vae, latent), decoded) < BOUND
        assert back_from_file(vae) == vae
    assert residency.size_of(residency.load(pair.weights)) < 6 * 2**20


@pytest.mark.parametrize(
    ("load", "wanted"),
    [
        (load_diffusion_model, "no denoiser of a known family"),
        (lambda path: load_text_encoders([path]), "no CLIP text encoder"),
        (load_clip_vision, "no CLIP vision encoder"),
        (lambda path: load_tiny_vae("taesd", path, None), "no tiny autoencoder"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path: Path, load: Any, wanted: str) -> None:
    """The text says what the file holds and where to look."""
    path = tmp_path / "lora.safetensors"
    save_file({"lora_unet_x.lora_up.weight": torch.zeros(2)}, path)
    with pytest.raises(ModelFileError, match=wanted) as caught:
        load(path)
    assert "lora_unet_x.lora_up.weight" in str(caught.value) and "Choose" in str(caught.value)
