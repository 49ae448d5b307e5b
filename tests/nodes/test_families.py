"""Every family from its file to a picture, node by node, and the conditions that some read."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.api import InvalidInput
from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.folders import Folders
from tests.diffusion.test_files import below, tiny_files
from tests.nodes.conftest import CallNode
from tests.tiny_families import KINDS, tiny_family, write_tiny_family


def value(output: Any) -> Any:
    """The only value of an output."""
    (found,) = output.values
    return found


def models(folders: Folders, kind: str) -> Path:
    (root, *_) = folders.models[kind]
    root.mkdir(parents=True, exist_ok=True)
    return root


def load(call: CallNode, folders: Folders, kind: str) -> tuple[Any, ...]:
    """Model, text encoder, autoencoder, and perhaps vision encoder, of a tiny checkpoint."""
    path = models(folders, "checkpoints") / f"{kind}.safetensors"
    if not path.exists():
        write_tiny_family(path, kind)
    return call("unCLIPCheckpointLoader", ckpt_name=path.name).values


def conditioned(
    call: CallNode, kind: str, parts: tuple[Any, ...], sides: list[Any]
) -> tuple[Any, Any, Any]:
    """Both sides and the latent, as the nodes that belong to a kind of model make them."""
    vae, vision = parts[2:]
    image, mask = torch.rand(1, 64, 96, 3), torch.zeros(1, 64, 96)
    mask[:, 16:40, 16:64] = 1
    both = {"positive": sides[0], "negative": sides[1]}
    if kind.endswith("-inpaint"):
        return call("InpaintModelConditioning", vae=vae, pixels=image, mask=mask, **both).values
    if kind.endswith("-edit"):
        return call("InstructPixToPixConditioning", vae=vae, pixels=image, **both).values
    if kind == "x4":
        small = {"images": torch.rand(1, 16, 24, 3), "scale_ratio": 4.0, "noise_augmentation": 0.1}
        return call("SD_4XUpscale_Conditioning", **small, **both).values
    latent = value(call("EmptyLatentImage", width=96, height=64, batch_size=1))
    if kind == "sd2-depth":
        return *call("DepthConditioning", depth=image, **both).values, latent
    if kind == "unclip":
        saw = value(call("CLIPVisionEncode", clip_vision=vision, image=image, crop="center"))
        told = {"clip_vision_output": saw, "strength": 1.0, "noise_augmentation": 0.1}
        return value(call("unCLIPConditioning", conditioning=sides[0], **told)), sides[1], latent
    return *sides, latent


@pytest.mark.parametrize("kind", KINDS)
def test_from_file_to_picture(call: CallNode, folders: Folders, kind: str) -> None:
    """Load, encode, sample two steps, decode; the same twice; prompts and pictures count."""
    parts = load(call, folders, kind)
    sides = [
        value(call("CLIPTextEncode", text=text, clip=parts[1])) for text in ("a (red:1.3) cat", "")
    ]
    torch.manual_seed(0)
    positive, negative, latent = conditioned(call, kind, parts, sides)
    settings = {"seed": 1, "steps": 2, "cfg": 5.0, "denoise": 1.0}
    settings |= {"sampler_name": "euler", "scheduler": "normal"}

    def picture(positive: Any, negative: Any) -> torch.Tensor:
        sides = {"positive": positive, "negative": negative, "latent_image": latent}
        sampled = value(call("KSampler", model=parts[0], **sides, **settings))
        return value(call("VAEDecode", samples=sampled, vae=parts[2]))

    first = picture(positive, negative)
    assert first.shape == (1, 64, 96, 3) and first.isfinite().all()
    assert torch.equal(picture(positive, negative), first)
    assert not torch.equal(picture(negative, positive), first)
    if positive is not sides[0]:
        assert not torch.equal(picture(*sides), first)


def test_sdxl_prompts_with_sizes(call: CallNode, folders: Folders) -> None:
    """The options travel with the entry; each encoder has its own text."""
    clip = load(call, folders, "sdxl")[1]
    sizes = {"width": 1, "height": 2, "crop_w": 3, "crop_h": 4, "target_width": 5}
    both = {"text_g": "a cat", "text_l": "a dog"}
    ((vectors, options),) = value(
        call("CLIPTextEncodeSDXL", clip=clip, **sizes, target_height=6, **both)
    )
    assert {k: options[k] for k in sizes} == sizes and options["target_height"] == 6
    ((cat, cat_options),) = value(call("CLIPTextEncode", text="a cat", clip=clip))
    ((dog, _),) = value(call("CLIPTextEncode", text="a dog", clip=clip))
    assert torch.equal(vectors[..., :64], dog[..., :64])
    assert torch.equal(vectors[..., 64:], cat[..., 64:])
    assert torch.equal(options["pooled_output"], cat_options["pooled_output"])


def test_refiner_prompts_with_a_score(call: CallNode, folders: Folders) -> None:
    """What its vector is made of."""
    clip = load(call, folders, "refiner")[1]
    told = {"ascore": 7.5, "width": 512, "height": 768}
    ((_, options),) = value(call("CLIPTextEncodeSDXLRefiner", text="a cat", clip=clip, **told))
    assert (options["aesthetic_score"], options["width"], options["height"]) == (7.5, 512, 768)


def test_encoding_for_inpainting(call: CallNode, folders: Folders) -> None:
    """What is made anew is grey to the encoder; the mask grows by a box; sides are cut."""
    vae = load(call, folders, "sd1")[2]
    image, mask = torch.rand(1, 69, 100, 3), torch.zeros(1, 69, 100)
    mask[:, 30:34, 40:44] = 1
    found = value(call("VAEEncodeForInpaint", pixels=image, vae=vae, mask=mask, grow_mask_by=6))
    assert found["samples"].shape == (1, 4, 8, 12)
    cut, inside = image[:, 2:66, 2:98], mask[:, 2:66, 2:98]
    rows, columns = (torch.nonzero(found["noise_mask"][0, 0].any(d)).flatten() for d in (1, 0))
    # A box of 6 around each pixel: 3 pixels before it and 2 behind it, or the other way round.
    assert (rows.min(), rows.max()) == (28 - 2, 31 + 3)
    assert (columns.min(), columns.max()) == (38 - 2, 41 + 3)
    grey = torch.where(inside[..., None] > 0.5, 0.5, cut)
    expected = value(call("VAEEncode", pixels=grey, vae=vae))["samples"]
    assert torch.allclose(found["samples"], expected, atol=1e-5)
    bare = value(call("VAEEncodeForInpaint", pixels=image, vae=vae, mask=mask, grow_mask_by=0))
    assert torch.equal(bare["noise_mask"][0, 0], inside[0])


def test_an_inpainting_model_is_shown_what_is_around(call: CallNode, folders: Folders) -> None:
    """Grey where to paint, the original to start from; the noise mask only if asked for."""
    parts = load(call, folders, "sd1-inpaint")
    side = value(call("CLIPTextEncode", text="", clip=parts[1]))
    image, mask = torch.rand(1, 64, 64, 3), torch.zeros(1, 32, 32)
    mask[:, :16] = 1
    given = {"positive": side, "negative": side, "vae": parts[2], "pixels": image, "mask": mask}
    positive, _, latent = call("InpaintModelConditioning", noise_mask=False, **given).values
    assert set(latent) == {"samples"}
    plain = value(call("VAEEncode", pixels=image, vae=parts[2]))["samples"]
    assert torch.equal(latent["samples"], plain)
    options = positive[0][1]
    assert not torch.allclose(options["concat_latent_image"], plain)
    assert options["concat_mask"].shape == (1, 1, 64, 64)
    assert "noise_mask" in call("InpaintModelConditioning", noise_mask=True, **given).values[2]


def test_parts_from_files_of_their_own(call: CallNode, folders: Folders, tmp_path: Path) -> None:
    """Denoiser, two text encoders and a tiny autoencoder make a picture too."""
    tensors = tiny_family("sdxl")
    unet = below("model.diffusion_model.", tensors)
    save_file(unet, models(folders, "diffusion_models") / "xl.safetensors")
    texts = models(folders, "text_encoders")
    save_file(below("conditioner.embedders.0.transformer.", tensors), texts / "l.safetensors")
    config = ClipTextConfig(vocab_size=8706, width=128, layers=31, heads=2, projection=96)
    save_file(ClipText(config).state_dict(), texts / "g.safetensors")
    tiny_files(models(folders, "vae_approx"))
    assert "taesd" in folders.list("vae") and "taesdxl" not in folders.list("vae")
    models_by_type = [
        value(call("UNETLoader", unet_name="xl.safetensors", weight_dtype=kind))
        for kind in ("default", "fp8_e4m3fn", "fp8_e5m2")
    ]
    assert len({m.weights.id for m in models_by_type}) == 3
    names = {"clip_name1": "g.safetensors", "clip_name2": "l.safetensors"}
    clip = value(call("DualCLIPLoader", type="sdxl", **names))
    alone = value(call("CLIPLoader", clip_name="l.safetensors", type="stable_diffusion"))
    assert len(clip.encoders) == 2 and len(alone.encoders) == 1
    vae = value(call("VAELoader", vae_name="taesd"))
    side = value(call("CLIPTextEncode", text="a cat", clip=clip))
    latent = value(call("EmptyLatentImage", width=64, height=64, batch_size=1))
    for model in models_by_type:
        sampled = value(
            call(
                "KSampler",
                model=model,
                positive=side,
                negative=side,
                latent_image=latent,
                seed=1,
                steps=1,
                cfg=1.0,
                denoise=1.0,
                sampler_name="euler",
                scheduler="normal",
            )
        )
        assert value(call("VAEDecode", samples=sampled, vae=vae)).shape == (1, 64, 64, 3)


def test_types_of_text_encoders_that_are_not_served(call: CallNode, folders: Folders) -> None:
    """A choice that workflows know, but no family here reads."""
    save_file(
        below("cond_stage_model.transformer.", tiny_family("sd1")),
        models(folders, "text_encoders") / "one.safetensors",
    )
    with pytest.raises(InvalidInput, match="type 'wan' belong to a family that is not known"):
        call("CLIPLoader", clip_name="one.safetensors", type="wan")


def test_a_checkpoint_with_a_config(call: CallNode, folders: Folders) -> None:
    """What it predicts and which layer is read; a file that says neither changes nothing."""
    load(call, folders, "sd1")
    root = models(folders, "configs")
    (root / "v.yaml").write_text(
        "model:\n  params:\n    parameterization: v\n    cond_stage_config:\n"
        "      params: {layer: hidden, layer_idx: -2}\n"
    )
    (root / "bad.yaml").write_text("- 1\n")
    assert {"v.yaml", "bad.yaml"} <= set(folders.list("configs"))
    file = {"ckpt_name": "sd1.safetensors"}
    model, clip, _ = call("CheckpointLoader", config_name="v.yaml", **file).values
    assert model.sampling.prediction == "v" and clip.layer == -2
    with pytest.raises(Exception, match="no configuration of a latent diffusion model"):
        call("CheckpointLoader", config_name="bad.yaml", **file)


def test_a_folder_that_diffusers_saved_is_offered(call: CallNode, folders: Folders) -> None:
    """By its name; the parts are read from its subfolders."""
    root = models(folders, "diffusers") / "sd" / "one"
    tensors = tiny_family("sd1")
    for part, prefix in (
        ("unet/diffusion_pytorch_model", "model.diffusion_model."),
        ("text_encoder/model", "cond_stage_model.transformer."),
        ("vae/diffusion_pytorch_model", "first_stage_model."),
    ):
        path = root / f"{part}.safetensors"
        path.parent.mkdir(parents=True)
        save_file(below(prefix, tensors), path)
    (root / "model_index.json").write_text("{}")
    assert folders.list("diffusers") == ["sd/one"]
    model, clip, vae = call("DiffusersLoader", model_path="sd/one").values
    assert model and clip and vae
