"""Every family: recognised by its tensors, all of them used, and told what it was trained with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.diffusion.checkpoints import build, load_checkpoint
from engine.diffusion.conditioning import Situation
from engine.diffusion.families import detect
from engine.diffusion.families.inputs import BLANK, same_size
from engine.diffusion.families.noise_augmentation import cosine_kept
from engine.diffusion.networks.layers import timestep_embedding
from engine.diffusion.parameterization import ContinuousEDM, Discrete
from engine.diffusion.text.encode import encode
from engine.diffusion.vision import VisionOutput, see
from engine.errors import InvalidInput
from tests.tiny_families import KINDS, tiny_family, write_tiny_family

CPU = torch.device("cpu")
FAMILIES = {
    "sd1": "Stable Diffusion 1.x",
    "sd2": "Stable Diffusion 2.x",
    "unclip": "Stable unCLIP",
    "sdxl": "SDXL",
    "refiner": "SDXL refiner",
    "x4": "Stable Diffusion x4 upscaler",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One checkpoint of each kind."""
    folder = tmp_path_factory.mktemp("models")
    for kind in KINDS:
        write_tiny_family(folder / f"{kind}.safetensors", kind)
    return folder


def load(folder: Path, kind: str) -> Any:
    return load_checkpoint(folder / f"{kind}.safetensors")


def situation(model: Any, **changes: Any) -> Situation:
    """A run of one picture of 64 x 96."""
    latent = torch.randn(1, 4, 8, 12)
    scale = model.latent_format.scale
    base = Situation(model.sampling, latent, torch.zeros(1), seed=3, latent_scale=scale)
    return replace(base, **changes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_is_recognised_and_used_completely(folder: Path, kind: str) -> None:
    """The right family; every network takes all of its tensors, and reads its sizes off them."""
    family = detect({k: tuple(t.shape) for k, t in tiny_family(kind).items()})
    assert family and family.name == FAMILIES[kind.split("-")[0]]
    found = load(folder, kind)
    unet, texts, vae = KINDS[kind]
    networks = [found.model, *found.clip.encoders, found.vae]
    assert [n.weights.build().config for n in networks] == [unet, *texts.values(), vae]
    for network in networks:
        build(network.weights, CPU, torch.float32)
    assert (found.vision is not None) == (kind == "unclip")


@pytest.mark.parametrize("kind", KINDS)
def test_prompts_fit_the_model(folder: Path, kind: str) -> None:
    """The text encoders of a file give vectors as wide as its denoiser reads."""
    found = load(folder, kind)
    assert encode(found.clip, "a cat")[0].shape == (1, 77, found.model.context_dim)


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_fit_the_network(folder: Path, kind: str) -> None:
    """Without any options of an entry, the network gets what it needs."""
    found = load(folder, kind)
    network = build(found.model.weights, CPU, torch.float32)
    run = situation(found.model)
    vectors, pooled = encode(found.clip, "a cat")
    inputs = dict(found.model.inputs({"pooled_output": pooled}, run))
    x = torch.cat([run.latent, inputs.pop("concat", run.latent[:, :0])], dim=1)
    with torch.no_grad():
        out = network(x, torch.tensor([7.0]), vectors, **inputs)
    assert out.shape == run.latent.shape and out.isfinite().all()


def test_sd2_predicts_velocity_if_one_bias_is_spread(tmp_path: Path) -> None:
    """The only trace of the 768 model's training."""
    tensors = tiny_family("sd2")
    name = "model.diffusion_model.output_blocks.3.1.transformer_blocks.0.norm1.bias"
    for spread, expected in ((0.05, "eps"), (0.2, "v")):
        tensors[name] = torch.randn(64) * spread
        save_file(tensors, tmp_path / f"{expected}.safetensors")
        found = load_checkpoint(tmp_path / f"{expected}.safetensors")
        assert found.model.sampling == Discrete(prediction=expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("markers", "expected"),
    [
        ({}, Discrete()),
        ({"v_pred": torch.zeros(0)}, Discrete(prediction="v")),
        (
            {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)},
            Discrete(prediction="v", zero_terminal=True),
        ),
        (
            {"edm_vpred.sigma_max": torch.tensor(80.0), "edm_vpred.sigma_min": torch.tensor(0.01)},
            ContinuousEDM(pytest.approx(0.01), 80.0, "v"),
        ),
        (
            {"edm_mean": torch.ones(1, 4, 1, 1), "edm_std": torch.full((1, 4, 1, 1), 2.0)},
            ContinuousEDM(0.002, 80.0, "edm", 0.5),
        ),
    ],
)
def test_sdxl_says_how_it_was_trained(
    tmp_path: Path, markers: dict[str, Tensor], expected: Any
) -> None:
    """Tensors that no network has are notes."""
    path = tmp_path / "sdxl.safetensors"
    save_file(tiny_family("sdxl") | markers, path)
    model = load_checkpoint(path).model
    assert model.sampling == expected
    build(model.weights, CPU, torch.float32)
    if "edm_mean" in markers:
        latent = torch.randn(1, 4, 8, 8)
        assert torch.allclose(model.latent_format.scaled(latent), (latent - 1) * 0.5 / 2)
        assert torch.allclose(model.latent_format.unscaled((latent - 1) * 0.25), latent, atol=1e-6)
        assert not model.latent_format.scaled(torch.zeros(1, 4, 8, 8)).any()


def sinusoids(*numbers: float) -> Tensor:
    return torch.cat([timestep_embedding(torch.tensor([n]), 256) for n in numbers], dim=1)


def test_sdxl_is_told_sizes_in_order(folder: Path) -> None:
    """Pooled, then height, width, crop from top and left, target height and width."""
    model, pooled = load(folder, "sdxl").model, torch.randn(1, 96)
    told = {"width": 1, "height": 2, "crop_w": 3, "crop_h": 4, "target_width": 5}
    options = {"pooled_output": pooled, **told, "target_height": 6}
    vector = model.inputs(options, situation(model))["vector"]
    assert torch.equal(vector, torch.cat([pooled, sinusoids(2, 1, 4, 3, 6, 5)], dim=1))
    plain = model.inputs({"pooled_output": pooled}, situation(model))["vector"]
    assert torch.equal(plain[:, 96:], sinusoids(64, 96, 0, 0, 64, 96))


def test_the_refiner_is_told_a_score(folder: Path) -> None:
    """6 for what is wanted, 2.5 for what is not, unless the prompt says another."""
    model = load(folder, "refiner").model
    for role, score in (("positive", 6.0), ("negative", 2.5)):
        vector = model.inputs({}, situation(model, role=role))["vector"]
        assert torch.equal(
            vector, torch.cat([torch.zeros(1, 96), sinusoids(64, 96, 0, 0, score)], 1)
        )
    vector = model.inputs({"aesthetic_score": 9.0}, situation(model))["vector"]
    assert torch.equal(vector[:, -256:], sinusoids(9.0))


def test_a_pooled_vector_of_another_family_is_refused(folder: Path) -> None:
    """Before it fails deep inside the network."""
    model = load(folder, "sdxl").model
    with pytest.raises(InvalidInput, match="pooled vector of 64 numbers, but the model reads 96"):
        model.inputs({"pooled_output": torch.zeros(1, 64)}, situation(model))


@pytest.mark.parametrize("kind", ["sd1-inpaint", "sd2-inpaint", "sdxl-inpaint"])
def test_inpainting_gets_mask_and_masked_picture(folder: Path, kind: str) -> None:
    """The mask comes first, rounded, at the latent's size; the picture is scaled."""
    model, image = load(folder, kind).model, torch.randn(1, 4, 8, 12)
    mask = torch.zeros(1, 64, 96)
    mask[:, :, 48:] = 0.9
    options = {"concat_latent_image": image, "concat_mask": mask}
    concat = model.inputs(options, situation(model))["concat"]
    assert torch.equal(concat[:, :1, :, 7:], torch.ones(1, 1, 8, 5))
    assert torch.equal(concat[:, :1, :, :6], torch.zeros(1, 1, 8, 6))
    assert torch.equal(concat[:, 1:], image * model.latent_format.scale)


def test_inpainting_falls_back_to_what_is_sampled(folder: Path) -> None:
    """The noise mask and the latent; without a mask, a blank picture to paint all over."""
    model = load(folder, "sd1-inpaint").model
    run = situation(model, mask=torch.ones(1, 1, 8, 12) * 0.6)
    concat = model.inputs({}, run)["concat"]
    assert torch.equal(concat, torch.cat([torch.ones(1, 1, 8, 12), run.latent], dim=1))
    concat = model.inputs({}, situation(model))["concat"]
    assert concat[0, :, 3, 3].tolist() == pytest.approx([1.0, *BLANK])


def test_edited_pictures_are_scaled_only_where_trained_so(folder: Path, tmp_path: Path) -> None:
    """InstructPix2Pix read plain latents, CosXL's editing model scaled ones."""
    image = torch.randn(1, 4, 8, 12)
    for kind in ("sd1-edit", "sdxl-edit"):
        model = load(folder, kind).model
        concat = model.inputs({"concat_latent_image": image}, situation(model))["concat"]
        assert torch.equal(concat, image)
        assert not model.inputs({}, situation(model))["concat"].any()
    path = tmp_path / "cosxl.safetensors"
    save_file(tiny_family("sdxl-edit") | {"edm_vpred.sigma_max": torch.tensor(120.0)}, path)
    model = load_checkpoint(path).model
    concat = model.inputs({"concat_latent_image": image}, situation(model))["concat"]
    assert torch.allclose(concat, image * 0.13025)


def test_what_has_another_shape_is_cut_evenly() -> None:
    """Resizing keeps proportions."""
    wide = torch.zeros(1, 1, 8, 16)
    wide[..., 4:12] = 1
    assert torch.equal(same_size(wide, torch.zeros(1, 4, 8, 8)), torch.ones(1, 1, 8, 8))
    assert same_size(wide, torch.zeros(1, 4, 5, 3)).shape == (1, 1, 5, 3)


def test_unclip_is_told_what_clip_saw(folder: Path) -> None:
    """Strength weighs, noise takes the place of the picture, several pictures add up."""
    found = load(folder, "unclip")
    saw = see(found.vision, torch.rand(1, 40, 30, 3))
    assert saw.image_embeds.shape == (1, 48)
    model, run = found.model, situation(found.model)

    def vector(*entries: tuple[float, float]) -> Tensor:
        seen = [
            {"clip_vision_output": saw, "strength": s, "noise_augmentation": n} for s, n in entries
        ]
        return model.inputs({"unclip_conditioning": seen}, run)["vector"]

    plain = vector((1.0, 0.0))
    assert torch.allclose(plain[:, :48], saw.image_embeds, atol=0.2)
    assert torch.equal(plain[:, 48:], timestep_embedding(torch.zeros(1), 48))
    assert torch.allclose(vector((0.5, 0.0)), plain * 0.5)
    noisy = vector((1.0, 1.0))
    other = replace(saw, image_embeds=saw.image_embeds + 1)
    assert isinstance(other, VisionOutput)
    saw = other
    assert torch.allclose(noisy[:, :48], vector((1.0, 1.0))[:, :48], atol=0.01)
    assert vector((1.0, 0.0), (1.0, 0.0)).shape == (1, 96)
    assert not model.inputs({}, run)["vector"].any()


def test_the_cosine_schedule() -> None:
    """Nichol and Dhariwal 2021: nearly all signal at first, none at the end."""
    kept = cosine_kept()
    assert kept[0] > 0.9999 and kept[-1] < 1e-6 and (kept.diff() < 0).all()
    half = torch.cos(torch.tensor((0.5 + 0.008) / 1.008 * torch.pi / 2)) ** 2
    first = torch.cos(torch.tensor(0.008 / 1.008 * torch.pi / 2)) ** 2
    assert kept[499].item() == pytest.approx((half / first).item(), rel=1e-5)


def test_the_upscaler_is_shown_the_small_picture(folder: Path) -> None:
    """As it is, or noised to a level that the network is told."""
    model, image = load(folder, "x4").model, torch.rand(1, 3, 8, 12) * 2 - 1
    inputs = model.inputs({"concat_image": image}, situation(model))
    assert inputs["vector"].tolist() == [0] and inputs["vector"].dtype == torch.int64
    assert torch.allclose(inputs["concat"], image, atol=0.06)
    noisy = model.inputs({"concat_image": image, "noise_augmentation": 1.0}, situation(model))
    assert noisy["vector"].tolist() == [350]
    assert (noisy["concat"] - image).std() > 0.5
    assert model.latent_format.downscale == 4
