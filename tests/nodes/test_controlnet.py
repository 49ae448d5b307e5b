"""The nodes for pictures that steer: what they hand over, and what a run makes of it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.diffusion.networks.control_net import ControlNet, ControlNetConfig
from engine.errors import InvalidInput, ModelFileError
from engine.folders import Folders
from tests.diffusion.test_lllite import state_for
from tests.nodes.conftest import CallNode
from tests.tiny_checkpoint import UNET

PICTURE = torch.rand(1, 128, 128, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def loaded(folders: Folders) -> None:
    """A ControlNet of the tiny family in its folder, and the same as a difference."""
    torch.manual_seed(0)
    network = ControlNet(ControlNetConfig(UNET))
    for p in network.parameters():
        nn.init.normal_(p, 0, 0.1)
    state = {f"control_model.{k}": t.detach() for k, t in network.state_dict().items()}
    folder: Path = folders.models["controlnet"][0]
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "net.safetensors")
    save_file({**state, "difference": torch.zeros(1)}, folder / "diff.safetensors")


@pytest.fixture
def parts(call: CallNode, loaded: None) -> dict[str, Any]:
    model, clip, _ = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values
    sides = {
        role: call("CLIPTextEncode", clip=clip, text=text).values[0]
        for role, text in (("positive", "a cat"), ("negative", "a dog"))
    }
    (net,) = call("ControlNetLoader", control_net_name="net.safetensors").values
    return {"model": model, "net": net, **sides}


def run(call: CallNode, parts: dict[str, Any], positive: Any, negative: Any) -> Tensor:
    settings = {"seed": 1, "steps": 2, "cfg": 4.0, "sampler_name": "euler", "denoise": 1.0}
    latent = {"samples": torch.zeros(1, 4, 16, 16)}
    sides = {"positive": positive, "negative": negative, "latent_image": latent}
    (found,) = call(
        "KSampler", model=parts["model"], scheduler="normal", **settings, **sides
    ).values
    samples: Tensor = found["samples"]
    return samples


def applied(call: CallNode, parts: dict[str, Any], id: str, **options: Any) -> Any:
    settings = {"strength": 1.0, "start_percent": 0.0, "end_percent": 1.0, "image": PICTURE}
    sides = {role: parts[role] for role in ("positive", "negative")}
    return call(id, control_net=parts["net"], **{**settings, **sides, **options}).values


def test_all_ways_to_apply_a_control_net_agree(call: CallNode, parts: dict[str, Any]) -> None:
    plain = run(call, parts, parts["positive"], parts["negative"])
    advanced = run(call, parts, *applied(call, parts, "ControlNetApplyAdvanced"))
    with_vae = run(call, parts, *applied(call, parts, "ControlNetApplySD3", vae=None))
    everywhere = torch.ones(1, 128, 128)
    masked = run(call, parts, *applied(call, parts, "ControlNetApplyMasked", mask=everywhere))
    (old,) = call(
        "ControlNetApply",
        conditioning=parts["positive"],
        control_net=parts["net"],
        image=PICTURE,
        strength=1.0,
    ).values
    assert not torch.allclose(plain, advanced, atol=1e-2)
    assert torch.equal(advanced, with_vae) and torch.equal(advanced, masked)
    assert torch.equal(advanced, run(call, parts, old, parts["negative"]))


def test_strength_0_hands_the_prompts_on(call: CallNode, parts: dict[str, Any]) -> None:
    found = applied(call, parts, "ControlNetApplyAdvanced", strength=0.0)
    assert found[0] is parts["positive"] and found[1] is parts["negative"]


def test_a_masked_control_leaves_the_rest_alone(call: CallNode, parts: dict[str, Any]) -> None:
    nowhere = torch.zeros(1, 128, 128)
    found = run(call, parts, *applied(call, parts, "ControlNetApplyMasked", mask=nowhere))
    plain = run(call, parts, parts["positive"], parts["negative"])
    assert torch.allclose(found, plain, atol=1e-2)  # bfloat16 where the processor has it


def test_a_stored_difference_needs_its_model(call: CallNode, parts: dict[str, Any]) -> None:
    name = "diff.safetensors"
    (net,) = call("DiffControlNetLoader", model=parts["model"], control_net_name=name).values
    changed = {n for patch in net.patches for n in patch.changes}
    assert "input_blocks.0.0.weight" in changed and "zero_convs.0.0.weight" not in changed
    with pytest.raises(ModelFileError, match="the difference to a model"):
        call("ControlNetLoader", control_net_name=name)


def test_only_a_union_is_told_the_kind_of_its_picture(
    call: CallNode, parts: dict[str, Any]
) -> None:
    found = call("SetUnionControlNetType", control_net=parts["net"], type="depth").values
    assert found == (parts["net"],)


def test_lllite_steers_a_model(call: CallNode, parts: dict[str, Any], folders: Folders) -> None:
    path = folders.models["controlnet"][0] / "lllite.safetensors"
    save_file(state_for(UNET), path)
    settings = {"strength": 1.0, "start_percent": 0.0, "end_percent": 1.0, "image": PICTURE}
    inputs = {"model": parts["model"], "control_net_name": path.name, **settings}
    (steered,) = call("ControlNetLLLiteApply", **inputs).values
    sides = parts["positive"], parts["negative"]
    plain = run(call, parts, *sides)
    assert not torch.allclose(run(call, {**parts, "model": steered}, *sides), plain, atol=1e-2)
    (same,) = call("ControlNetLLLiteApply", **{**inputs, "strength": 0.0}).values
    assert same is parts["model"]


def test_controls_may_read_another_text(call: CallNode, parts: dict[str, Any]) -> None:
    _, clip, _ = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values
    positive, negative = applied(call, parts, "ControlNetApplyAdvanced")
    told = {"clip": clip, "conditioning": positive, "text": "an outline"}
    (other,) = call("CLIPTextEncodeControlnet", **told).values
    assert torch.equal(other[0][0], positive[0][0])
    (expected,) = call("CLIPTextEncode", clip=clip, text="an outline").values
    assert torch.equal(other[0][1]["cross_attn_controlnet"], expected[0][0])
    found = run(call, parts, other, negative)
    assert not torch.equal(found, run(call, parts, positive, negative))
    with pytest.raises(InvalidInput, match="no text encoder"):
        call("CLIPTextEncodeControlnet", **{**told, "clip": None})
