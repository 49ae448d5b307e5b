"""The nodes of merging and saving, from model to file and back."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.diffusion.adapters.files import adapter_file
from engine.diffusion.checkpoints import load_checkpoint, load_vae
from engine.diffusion.stored import stored_tensor
from engine.folders import Folders
from tests.nodes.conftest import CallNode
from tests.tiny_checkpoint import write_tiny_checkpoint

BIAS = "out.2.bias"


@pytest.fixture
def two(call: CallNode, folders: Folders) -> list[tuple]:
    write_tiny_checkpoint(folders.models["checkpoints"][0] / "other.safetensors", seed=5)
    names = ("tiny.safetensors", "other.safetensors")
    return [call("CheckpointLoaderSimple", ckpt_name=name).values for name in names]


def bias(model: object) -> torch.Tensor:
    return stored_tensor(model.weights, BIAS, model.patches)


def test_every_merging_node(call: CallNode, two: list[tuple]) -> None:
    a, b = (model for model, _, _ in two)
    x, y = bias(a), bias(b)
    pair = {"model1": a, "model2": b}
    blocks = {"input": 1.0, "middle": 1.0, "out": 0.25}
    parts = {"time_embed.": 1.0, "out.": 0.25}
    expected = {
        ("ModelMergeSimple", ("ratio", 0.25)): x * 0.25 + y * 0.75,
        ("ModelMergeBlocks", *blocks.items()): x * 0.25 + y * 0.75,
        ("ModelMergeAdd",): x + y,
        ("ModelMergeSubtract", ("multiplier", 2.0)): 2 * (x - y),
        ("ModelMergeSD1", *parts.items()): x * 0.25 + y * 0.75,
        ("ModelMergeSD2", *parts.items()): x * 0.25 + y * 0.75,
        ("ModelMergeSDXL", *parts.items()): x * 0.25 + y * 0.75,
    }
    for (id, *inputs), wanted in expected.items():
        (found,) = call(id, **pair, **dict(inputs)).values
        torch.testing.assert_close(bias(found), wanted)


def test_text_encoders(call: CallNode, two: list[tuple]) -> None:
    clips = {"clip1": two[0][1], "clip2": two[1][1]}
    for id, inputs in (
        ("CLIPMergeSimple", {"ratio": 0.5}),
        ("CLIPMergeAdd", {}),
        ("CLIPMergeSubtract", {"multiplier": 1.0}),
    ):
        assert call(id, **clips, **inputs).values[0] != two[0][1]


def test_saved_files_carry_the_workflow_and_load(
    call: CallNode, two: list[tuple], folders: Folders
) -> None:
    model, clip, vae = two[0]
    call("CheckpointSave", model=model, clip=clip, vae=vae, filename_prefix="c/all")
    call("ModelSave", model=model, filename_prefix="c/unet")
    call("CLIPSave", clip=clip, filename_prefix="c/text")
    call("VAESave", vae=vae, filename_prefix="c/vae")
    root = folders.output / "c"
    names = {path.name for path in root.iterdir()}
    parts = ("all", "unet", "text_clip_l", "vae")
    assert names == {f"{part}_00001_.safetensors" for part in parts}
    loaded = load_checkpoint(root / "all_00001_.safetensors")
    assert torch.equal(bias(loaded.model), bias(model)) and loaded.clip and loaded.vae
    assert load_vae(root / "vae_00001_.safetensors").channels == 4
    assert "text_model.final_layer_norm.bias" in load_file(root / "text_clip_l_00001_.safetensors")


def test_a_difference_becomes_a_lora(call: CallNode, two: list[tuple], folders: Folders) -> None:
    (a, clip, _), (b, _, _) = two
    (difference,) = call("ModelMergeSubtract", model1=b, model2=a, multiplier=1.0).values
    settings = {"rank": 4, "lora_type": "standard", "bias_diff": True}
    call("LoraSave", filename_prefix="loras/d", model_diff=difference, **settings)
    path = folders.output / "loras/d_00001_.safetensors"
    assert len(adapter_file(path).shapes) > 100
    target = folders.models["loras"][0] / "d.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(load_file(path), target)
    inputs = {"lora_name": "d.safetensors", "strength_model": 1.0, "strength_clip": 1.0}
    found, same_clip = call("LoraLoader", model=a, clip=clip, **inputs).values
    torch.testing.assert_close(bias(found), bias(b), rtol=1e-2, atol=1e-3)
    assert same_clip.encoders[0].patches[0].changes == {}
    lora = {k: t.float() for k, t in load_file(path).items()}
    (trained,) = call("LoraModelLoader", model=a, lora=lora, strength_model=1.0).values
    torch.testing.assert_close(bias(trained), bias(found))
