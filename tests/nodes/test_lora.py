"""The LoRA nodes change handles, and pictures with them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.folders import Folders
from tests.nodes.conftest import CallNode

PLACE = "lora_unet_middle_block_1_transformer_blocks_0_attn2_to_v"
TEXT = "lora_te_text_model_encoder_layers_0_mlp_fc1"


@pytest.fixture
def lora(folders: Folders) -> str:
    path: Path = folders.models["loras"][0] / "tiny.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    tensors = {f"{PLACE}.lora_up.weight": torch.randn(64, 4)}
    tensors |= {f"{PLACE}.lora_down.weight": torch.randn(4, 64)}
    tensors |= {f"{TEXT}.lora_up.weight": torch.randn(256, 4)}
    tensors |= {f"{TEXT}.lora_down.weight": torch.randn(4, 64)}
    save_file(tensors, path)
    return path.name


def test_a_lora_changes_both_and_the_picture(call: CallNode, lora: str) -> None:
    model, clip, _ = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values
    latent = call("EmptyLatentImage", width=64, height=64, batch_size=1).values[0]

    def picture(model: object, clip: object) -> torch.Tensor:
        (text,) = call("CLIPTextEncode", clip=clip, text="a cat").values
        inputs = {"positive": text, "negative": text, "latent_image": latent, "seed": 1}
        settings = {"steps": 2, "cfg": 1.0, "sampler_name": "euler", "scheduler": "normal"}
        found = call("KSampler", model=model, **inputs, **settings, denoise=1.0).values[0]
        return found["samples"]

    names = {"lora_name": lora, "strength_model": 1.0}
    both = call("LoraLoader", model=model, clip=clip, strength_clip=-1.0, **names).values
    (alone,) = call("LoraLoaderModelOnly", model=model, **names).values
    assert alone == both[0]
    pictures = [picture(model, clip), picture(*both), picture(alone, clip)]
    assert not any(
        torch.allclose(a, b) for a, b in zip(pictures, pictures[1:] + pictures[:1], strict=True)
    )
    assert torch.equal(picture(model, clip), pictures[0])
