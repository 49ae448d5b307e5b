"""The nodes for pictures as prompts."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.diffusion.networks.clip_vision import ClipVision
from engine.diffusion.networks.ip_adapter import IPAdapter, IPAdapterConfig
from engine.errors import InvalidInput
from engine.folders import Folders
from tests.nodes.conftest import CallNode
from tests.tiny_families import VISION

#: Channels of the tiny model's cross-attentions: input, output, middle.
CHANNELS = (32, 64, 64, 64, 32, 32, 64)


@pytest.fixture
def parts(call: CallNode, folders: Folders) -> dict[str, Any]:
    """Model, adapter and vision encoder, from files in their folders."""
    torch.manual_seed(0)
    places = tuple((2 * i + 1, c) for i, c in enumerate(CHANNELS))
    network = IPAdapter(IPAdapterConfig("linear", VISION.projection, 64, places))
    for p in network.parameters():
        nn.init.normal_(p, 0, 0.3)
    vision = ClipVision(VISION)
    for kind, name, module in (("ipadapter", "ip", network), ("clip_vision", "see", vision)):
        folder: Path = folders.models[kind][0]
        folder.mkdir(parents=True, exist_ok=True)
        save_file(module.state_dict(), folder / f"{name}.safetensors")
    model, clip, _ = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values
    return {
        "model": model,
        "text": call("CLIPTextEncode", clip=clip, text="a cat").values[0],
        "ipadapter": call("IPAdapterLoader", ipadapter_file="ip.safetensors").values[0],
        "clip_vision": call("CLIPVisionLoader", clip_name="see.safetensors").values[0],
    }


def told(call: CallNode, parts: dict[str, Any], **options: Any) -> Any:
    settings = {"weight": 1.0, "start_percent": 0.0, "end_percent": 1.0, "images": "together"}
    names = ("model", "ipadapter", "clip_vision")
    inputs = {"image": torch.rand(1, 32, 32, 3), **{n: parts[n] for n in names}}
    return call("IPAdapterApply", **{**settings, **inputs, **options}).values[0]


def test_a_picture_changes_what_comes_out(call: CallNode, parts: dict[str, Any]) -> None:
    def run(model: Any) -> torch.Tensor:
        latent = {"samples": torch.zeros(1, 4, 8, 8)}
        sides = {"positive": parts["text"], "negative": parts["text"], "latent_image": latent}
        settings = {"steps": 2, "cfg": 2.0, "sampler_name": "euler", "scheduler": "normal"}
        found = call("KSampler", model=model, seed=1, denoise=1.0, **sides, **settings).values[0]
        return found["samples"]

    assert not torch.allclose(run(told(call, parts)), run(parts["model"]), atol=1e-2)


def test_weight_0_hands_the_model_on(call: CallNode, parts: dict[str, Any]) -> None:
    assert told(call, parts, weight=0.0) is parts["model"]


def test_a_missing_encoder_is_named(call: CallNode, parts: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="Load CLIP Vision"):
        told(call, parts, clip_vision=None)
