"""The tasks of the latent diffusion paper from file to picture, node by node."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.api import InvalidInput, ModelFileError
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.conditioners import class_map
from engine.diffusion.stored import network_shapes, stored_tensor
from engine.folders import Folders
from engine.workers.references import _load, _store
from tests.nodes.conftest import CallNode
from tests.tiny_paper import AVERAGED, write_tiny_paper

TASKS = (
    "unconditional",
    "churches",
    "inpainting",
    "super-resolution",
    "semantic",
    "class",
    "class-f8",
    "text",
    "text-large",
    "layout",
)


def load(call: CallNode, folders: Folders, kind: str) -> tuple[Any, Any, Any]:
    """Model, what encodes its condition, autoencoder of a tiny checkpoint."""
    (root, *_) = folders.models["checkpoints"]
    path: Path = root / f"paper-{kind}.ckpt"
    if not path.exists():
        write_tiny_paper(path, kind)
    return call("CheckpointLoaderSimple", ckpt_name=path.name).values


def conditioned(call: CallNode, kind: str, parts: tuple[Any, Any, Any], seed: int) -> Any:
    """Both sides, and the latent where the task's node makes it; pictures differ by seed."""
    made = torch.Generator().manual_seed(seed)
    image = torch.rand(1, 64, 96, 3, generator=made)
    mask = torch.zeros(1, 64, 96)
    mask[:, 16:40, 16:64] = 1
    _, clip, vae = parts
    match kind:
        case "inpainting":
            return call("LatentInpainting", vae=vae, pixels=image, mask=mask).values[:3]
        case "super-resolution":
            return call("LatentSuperResolution", images=image[:, ::4, ::4]).values
        case "semantic":
            classes = torch.randint(0, 12, (1, 64, 96, 1), generator=made) / 255
            return call(
                "SegmentationConditioning", clip=clip, segmentation=classes.expand(-1, -1, -1, 3)
            ).values
        case "class" | "class-f8":
            return call("ClassConditioning", clip=clip, class_name=str(seed)).values
        case "layout":
            return call("LayoutConditioning", clip=clip, boxes=f"{seed} 0.1, 0.2 0.5 0.6").values
        case "text" | "text-large":
            texts = (f"the man of {seed}", "")
            return [call("CLIPTextEncode", clip=clip, text=text).values[0] for text in texts]
    side = call("UnconditionalConditioning").values[0]
    return side, side


def picture(call: CallNode, kind: str, parts: tuple[Any, Any, Any], seed: int = 1) -> torch.Tensor:
    model, _, vae = parts
    positive, negative, *shown = conditioned(call, kind, parts, seed)
    empty = call("EmptyModelLatent", model=model, width=96, height=64, batch_size=1).values
    sides = {"positive": positive, "negative": negative, "latent_image": (shown or empty)[0]}
    settings = {"seed": 1, "steps": 2, "cfg": 1.5, "denoise": 1.0}
    settings |= {"sampler_name": "ddim", "scheduler": "ddim_uniform"}
    (sampled,) = call("KSampler", model=model, **sides, **settings).values
    (decoded,) = call("VAEDecode", samples=sampled, vae=vae).values
    return decoded


@pytest.mark.parametrize("kind", TASKS)
def test_from_file_to_picture(call: CallNode, folders: Folders, kind: str) -> None:
    """The same twice; another condition, another picture."""
    parts = load(call, folders, kind)
    first = picture(call, kind, parts)
    assert first.shape == (1, 64, 96, 3) and first.isfinite().all()
    assert torch.equal(picture(call, kind, parts), first)
    if kind not in ("unconditional", "churches"):
        assert not torch.equal(picture(call, kind, parts, seed=2), first)


def test_what_is_masked_is_black_to_the_encoder(call: CallNode, folders: Folders) -> None:
    """As the authors hid it; sides are cut to cells, masks of another size are fitted."""
    vae = load(call, folders, "inpainting")[2]
    image, mask = torch.rand(1, 33, 50, 3), torch.zeros(1, 66, 100)
    mask[:, :, 50:] = 1
    positive, _, latent, *both = call("LatentInpainting", vae=vae, pixels=image, mask=mask).values
    assert torch.equal(both[0], image[:, :32, 1:49]) and both[1].shape == (1, 32, 48)
    options = positive[0][1]
    assert latent["samples"].shape == (1, 3, 8, 12) and not latent["samples"].any()
    black = image[:, :32, 1:49].clone()
    black[:, :, 24:] = 0
    expected = call("VAEEncode", pixels=black, vae=vae).values[0]["samples"]
    assert torch.allclose(options["concat_latent_image"], expected, atol=1e-5)
    assert torch.equal(options["concat_mask"][0, 0, 0], (torch.arange(48) >= 24).float())
    with pytest.raises(InvalidInput, match="vae input is empty"):
        call("LatentInpainting", vae=None, pixels=image, mask=mask)


def test_classes_are_painted_into_a_map(call: CallNode, folders: Folders) -> None:
    """One over the other; the model is shown what was painted; sizes must agree."""
    clip = load(call, folders, "semantic")[1]
    top, right = torch.zeros(1, 16, 16), torch.zeros(1, 16, 16)
    top[:, :8], right[:, :, 8:] = 1, 1
    (below,) = call("PaintClass", mask=top, class_number=3).values
    (both,) = call("PaintClass", mask=right, class_number=11, segmentation=below).values
    classes = (both[0, :, :, 0] * 255).round()
    assert classes[0].tolist() == [3] * 8 + [11] * 8 and classes[15].tolist() == [0] * 8 + [11] * 8
    shown = call("SegmentationConditioning", clip=clip, segmentation=both).values[0][0][1]
    expected = class_map(clip, classes[None].long())
    assert torch.equal(shown["concat_image"], expected)
    with pytest.raises(InvalidInput, match="The mask has 16 x 8 pixels, the map 16 x 16"):
        call("PaintClass", mask=top[:, :8], class_number=1, segmentation=both)


def test_a_small_picture_is_shown_pixel_by_cell(call: CallNode) -> None:
    """In -1 to 1, transparency left out; the latent is as large as the picture."""
    image = torch.rand(2, 5, 7, 4)
    positive, negative, latent = call("LatentSuperResolution", images=image).values
    shown = positive[0][1]["concat_image"]
    assert torch.equal(shown, negative[0][1]["concat_image"])
    assert torch.allclose(shown, image[..., :3].movedim(-1, 1) * 2 - 1)
    assert latent["samples"].shape == (2, 3, 5, 7) and not latent["samples"].any()


def test_no_class_is_the_negative_side(call: CallNode, folders: Folders) -> None:
    """The last entry of the table; without one there is no guidance, and a class is a must."""
    clip = load(call, folders, "class")[1]
    positive, negative = call("ClassConditioning", clip=clip, class_name="tabby").values
    nothing = call("ClassConditioning", clip=clip, class_name=" ").values[0]
    assert torch.equal(nothing[0][0], negative[0][0])
    numbered = call("ClassConditioning", clip=clip, class_name="281").values[0]
    assert torch.equal(positive[0][0], numbered[0][0])
    small = load(call, folders, "class-f8")[1]
    positive, negative = call("ClassConditioning", clip=small, class_name="281").values
    assert torch.equal(positive[0][0], negative[0][0])
    with pytest.raises(InvalidInput, match="has to be told a class"):
        call("ClassConditioning", clip=small, class_name="")


@pytest.mark.parametrize("line", ["Tree", "Tree 0 0 1", "1 a b c d", "0.1 0.2 Cat 1 1"])
def test_lines_that_are_no_objects(call: CallNode, folders: Folders, line: str) -> None:
    """The error shows the line and a good one."""
    clip = load(call, folders, "layout")[1]
    with pytest.raises(InvalidInput, match=r"is no object of a layout.*such as"):
        call("LayoutConditioning", clip=clip, boxes=f"3 0 0 1 1\n\n{line}")


def test_objects_have_names(call: CallNode, folders: Folders) -> None:
    """Those of OpenImages, words and all; unknown ones are not guessed at."""
    clip = load(call, folders, "layout")[1]
    named, numbered, other = (
        call("LayoutConditioning", clip=clip, boxes=f"{kind} 0.1 0.2 0.3 0.4").values[0][0][0]
        for kind in ("palm tree", "260", "259")
    )
    assert torch.equal(named, numbered) and not torch.equal(named, other)
    with pytest.raises(InvalidInput, match=r"called 'palm'\. Did you mean 'palm tree'\?"):
        call("LayoutConditioning", clip=clip, boxes="palm 0 0 1 1")


def test_objects_have_the_names_of_their_file(call: CallNode, folders: Folders) -> None:
    """Those it brings, and only those."""
    clip = replace(load(call, folders, "layout")[1], names=("fox", "red car"))
    named, numbered = (
        call("LayoutConditioning", clip=clip, boxes=f"{kind} 0.1 0.2 0.3 0.4").values[0][0][0]
        for kind in ("Red car", "1")
    )
    assert torch.equal(named, numbered)
    with pytest.raises(InvalidInput, match="No class of this model is called 'palm tree'"):
        call("LayoutConditioning", clip=clip, boxes="palm tree 0 0 1 1")


def test_prompts_do_not_fit_models_without_tokens(call: CallNode, folders: Folders) -> None:
    """Nor the other way round; both errors name what to connect."""
    faces, captions = load(call, folders, "unconditional"), load(call, folders, "text")
    prompt = call("CLIPTextEncode", clip=captions[1], text="the man").values[0]
    alone = call("UnconditionalConditioning").values[0]
    settings = {"seed": 1, "steps": 1, "cfg": 1.0, "denoise": 1.0}
    settings |= {"sampler_name": "euler", "scheduler": "normal"}
    for parts, side, text in (
        (faces, prompt, "follows no prompts. Connect the node Unconditional"),
        (captions, alone, "reads vectors of 40 numbers"),
    ):
        latent = call("EmptyModelLatent", model=parts[0], width=64, height=64, batch_size=1)
        sides = {"positive": side, "negative": side, "latent_image": latent.values[0]}
        with pytest.raises(InvalidInput, match=text):
            call("KSampler", model=parts[0], **sides, **settings)


def test_averaged_weights(call: CallNode, folders: Folders) -> None:
    """Those instead of the others, of the denoiser alone; a file without them says so."""
    for kind in ("churches", "class"):
        plain = load(call, folders, kind)[0]
        (model,) = call("AveragedWeightsLoader", ckpt_name=f"paper-{kind}.ckpt").values
        assert model != plain and model.latent_format == plain.latent_format
        assert model.sampling == plain.sampling and model.context_dim == plain.context_dim
        for name in network_shapes(plain.weights):
            expected = stored_tensor(plain.weights, name) * AVERAGED
            assert torch.equal(stored_tensor(model.weights, name), expected), name
        assert _load(_store(model)) == model
    with pytest.raises(ModelFileError, match="holds no averaged weights"):
        call("AveragedWeightsLoader", ckpt_name="tiny.safetensors")


@pytest.mark.parametrize("kind", TASKS)
def test_saved_checkpoints_mean_the_same(call: CallNode, folders: Folders, kind: str) -> None:
    """As safetensors: the same family, noise levels, latents, tensors, and so the same picture."""
    model, clip, vae = load(call, folders, kind)
    prefix = f"checkpoints/saved-{kind}"
    call("CheckpointSave", model=model, clip=clip, vae=vae, filename_prefix=prefix)
    saved = load_checkpoint(folders.root("output") / f"{prefix}_00001_.safetensors")
    assert saved.model.latent_format == model.latent_format
    assert saved.model.sampling == model.sampling and type(saved.clip) is type(clip)
    first = picture(call, kind, (model, clip, vae))
    assert torch.equal(picture(call, kind, (saved.model, saved.clip, saved.vae)), first)


def test_handles_come_back_from_their_file_form(call: CallNode, folders: Folders) -> None:
    """What encodes a condition is stored by the name of its weights, like any other handle."""
    for kind in ("class", "layout", "semantic"):
        model, clip, vae = load(call, folders, kind)
        for handle in (model, clip, vae):
            assert _load(_store(handle)) == handle
    (encoder,) = load(call, folders, "text")[1].encoders
    assert _load(_store(encoder)) == encoder
