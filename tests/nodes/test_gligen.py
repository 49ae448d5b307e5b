"""The nodes for boxes with phrases and for hypernetworks, wired as people do."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.diffusion.networks.gligen import Gligen, GligenConfig
from engine.errors import InvalidInput
from engine.folders import Folders
from tests.nodes.conftest import CallNode
from tests.nodes.test_hooks import picture

#: Where a fuser stands in the file, and the width there.
PLACE = "middle_block.1.transformer_blocks.0.fuser."


@pytest.fixture
def gligen(folders: Folders) -> str:
    torch.manual_seed(0)
    network = Gligen(GligenConfig(64, 64, {("middle", 0, 0): 64}))
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0, 0.5)
    state = {
        k.replace("fusers.middle_0_0.", PLACE): t.detach() for k, t in network.state_dict().items()
    }
    path: Path = folders.models["gligen"][0] / "tiny.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path)
    return path.name


def test_boxes_are_chained_and_drawn(call: CallNode, gligen: str) -> None:
    """In latent cells, each with its phrase."""
    model, clip, _ = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values
    (loaded,) = call("GLIGENLoader", gligen_name=gligen).values
    (prompt,) = call("CLIPTextEncode", clip=clip, text="a room").values
    parts = {"clip": clip, "gligen_textbox_model": loaded, "width": 32, "height": 24}
    (one,) = call(
        "GLIGENTextBoxApply", conditioning_to=prompt, text="a ball", x=8, y=16, **parts
    ).values
    (two,) = call("GLIGENTextBoxApply", conditioning_to=one, text="a cat", x=0, y=0, **parts).values
    kind, handle, boxes = two[0][1]["gligen"]
    assert kind == "position" and handle == loaded
    assert [box[1:] for box in boxes] == [(3, 4, 2, 1), (3, 4, 0, 0)]
    assert len(one[0][1]["gligen"][2]) == 1 and "gligen" not in prompt[0][1]
    pictures = [picture(call, model, side, prompt) for side in (prompt, one, two)]
    assert not torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures[1], pictures[2])
    narrow = nn.Module()
    narrow.text_dim = 32  # type: ignore[assignment]
    with pytest.raises(InvalidInput, match="vectors of 64 numbers"):
        call(
            "GLIGENTextBoxApply",
            conditioning_to=prompt,
            text="a ball",
            x=0,
            y=0,
            **{**parts, "gligen_textbox_model": narrow},
        )


def test_a_hypernetwork_is_loaded_by_its_name(call: CallNode, folders: Folders) -> None:
    """And changes the picture."""
    model, clip, _ = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values
    (prompt,) = call("CLIPTextEncode", clip=clip, text="a room").values
    path: Path = folders.models["hypernetworks"][0] / "tiny.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"linear.0.weight": torch.randn(64, 64), "linear.0.bias": torch.zeros(64)}
    torch.save({64: (state, state)}, path)
    (changed,) = call(
        "HypernetworkLoader", model=model, hypernetwork_name=path.name, strength=1.0
    ).values
    assert not torch.equal(
        picture(call, changed, prompt, prompt), picture(call, model, prompt, prompt)
    )
