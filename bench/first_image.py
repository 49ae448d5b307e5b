"""Time to the first picture, loading included, on the files that diffusers saves and loads.

SD 1.5 at its real size with random weights in float16, 128x128, 5 steps with guidance, one
thread, a fresh process each. diffusers computes in float32 unless told otherwise; told to use
bfloat16 it does what we do by ourselves on cores that can.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.live import ROOT

from .rows import Row, row

RUNS, STEPS, SIDE = 3, 5, 128
PROMPT = "a red apple"


def measure() -> list[Row]:
    """Our time by theirs, run by run."""
    with tempfile.TemporaryDirectory() as name:
        folder = write_folder(Path(name))
        found = [{way: seconds(folder, way) for way in WAYS} for _ in range(RUNS)]
    ours = [times["ours"] for times in found]
    title = "process start to first picture, SD 1.5 folder"
    rows = [row(f"{title}", 8, ours, "s")]
    for way in ("float32", "bfloat16"):
        ratios = [times["ours"] / times[way] for times in found]
        rows.append(row(f"the same, to diffusers' in {way}", 0.7, ratios, "x"))
    return rows


def seconds(folder: Path, way: str) -> float:
    """From the start of a process to its picture."""
    began = time.time()
    command = [sys.executable, "-m", "bench.first_image", str(folder), way]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1]) - began


def write_folder(folder: Path) -> Path:
    """A pipeline of the published sizes with random weights that keep numbers finite."""
    import torch
    from diffusers import (
        AutoencoderKL,
        EulerDiscreteScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    text = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        projection_dim=768,
    )
    wide = (128, 256, 512, 512)
    pipeline = StableDiffusionPipeline(
        vae=_random(
            AutoencoderKL,
            block_out_channels=wide,
            layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        text_encoder=_random(lambda: CLIPTextModel(text)),
        tokenizer=CLIPTokenizer(**_vocabulary(folder)),
        unet=_random(UNet2DConditionModel, cross_attention_dim=768, attention_head_dim=8),
        scheduler=EulerDiscreteScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(folder)
    return folder


def _random(make: Callable[..., Any], **config: Any) -> Any:
    network = make(**config)
    for name, tensor in network.named_parameters():
        is_scale = tensor.ndim == 1 and name.endswith("weight")
        tensor.data.normal_(1.0 if is_scale else 0.0, 0.02)
    return network


def _vocabulary(folder: Path) -> dict[str, Any]:
    """CLIP's vocabulary from its merges, as the files that transformers reads."""
    import json

    from engine.diffusion.text.tokenizer import _byte_characters, _read_merges

    merges = _read_merges(49408 - 514)
    letters = _byte_characters()
    tokens = [*letters, *(f"{c}</w>" for c in letters), *("".join(pair) for pair in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocab, pairs = folder / "vocab.json", folder / "merges.txt"
    vocab.write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    pairs.write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in merges))
    return {"vocab_file": str(vocab), "merges_file": str(pairs), "model_max_length": 77}


def _ours(folder: Path) -> None:
    import torch

    from engine.diffusion import residency, vae
    from engine.diffusion.files import load_folder
    from engine.diffusion.sample import sample
    from engine.diffusion.text.encode import encode
    from engine.media.images import save_png

    residency.use(torch.device("cpu"))
    found = load_folder(folder)
    assert found.clip and found.vae
    sides = [[[encode(found.clip, text)[0], {}]] for text in (PROMPT, "")]
    empty = {"samples": torch.zeros(1, 4, SIDE // 8, SIDE // 8)}
    options = {"steps": STEPS, "cfg": 7.0, "sampler": "euler", "scheduler": "normal"}
    latent = sample(found.model, empty, *sides, seed=1, **options)["samples"]
    save_png(folder / "ours.png", vae.decode(found.vae, latent)[0], {})


def _theirs(folder: Path, dtype: str) -> None:
    import torch
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=getattr(torch, dtype))
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(PROMPT, num_inference_steps=STEPS, guidance_scale=7.0, height=SIDE, width=SIDE)
    made.images[0].save(folder / f"{dtype}.png")


WAYS: dict[str, Callable[[Path], None]] = {
    "ours": _ours,
    "float32": lambda folder: _theirs(folder, "float32"),
    "bfloat16": lambda folder: _theirs(folder, "bfloat16"),
}


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    WAYS[sys.argv[2]](Path(sys.argv[1]))
    print(time.time())
