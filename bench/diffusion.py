"""SD 1.5 at its real size with random weights, 128x128, on one thread: speed and memory.

Steps are compared with diffusers' U-Net of the same configuration in one process, turn by turn
and in equal precision. Loading, memory and whole pictures are measured in fresh processes on a
float16 file of the published layout.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.live import ROOT

from .rows import Row, row

PAIRS, PICTURES = 5, 3
#: What a step needs: 16x16 latent cells, both sides of the guidance, 77 tokens.
BATCH, CELLS, TOKENS, WIDTH = 2, 16, 77, 768


def measure() -> list[Row]:
    """Ratios to diffusers, then memory and times of our own."""
    import torch

    torch.set_num_threads(1)
    rows = [
        row(f"U-Net step of SD 1.5 in {name}, to diffusers'", 1.0, ratios(dtype), "x")
        for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16))
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = write_checkpoint(Path(folder) / "sd15.safetensors")
        found = [_fresh(file) for _ in range(PICTURES)]
    size = "2.1 GB float16 file"
    rows.append(row(f"peak memory, {size}, one step", 2.6, [f["step_peak"] for f in found], "GB"))
    rows.append(row("5 steps to PNG, from process start", 8, [f["cold"] for f in found], "s"))
    rows.append(row("5 steps to PNG, second picture", 5, [f["warm"] for f in found], "s"))
    return rows


def ratios(dtype: Any) -> list[float]:
    """Our time by theirs, for several pairs of steps."""
    import torch
    from diffusers import UNet2DConditionModel

    from engine.diffusion.networks.packed import make_packed, packer
    from engine.diffusion.networks.unet import UNet, UNetConfig

    def empty(make: Any) -> Any:
        with torch.device("meta"):
            network = make()
        network = network.to_empty(device="cpu").to(dtype).eval().requires_grad_(False)
        for tensor in network.parameters():
            tensor.normal_(0, 0.02)
        return network

    ours, theirs = (
        empty(lambda: UNet(UNetConfig())),
        empty(lambda: _their_unet(UNet2DConditionModel)),
    )
    pack = packer(ours)  # as networks are loaded
    ours.load_state_dict({n: pack(n, t) for n, t in ours.state_dict().items()}, assign=True)
    make_packed(ours)
    x = torch.randn(BATCH, 4, CELLS, CELLS, dtype=dtype)
    context = torch.randn(BATCH, TOKENS, WIDTH, dtype=dtype)
    times = torch.full((BATCH,), 500.0)

    def seconds(call: Any) -> float:
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    with torch.inference_mode():
        pair = (lambda: ours(x, times, context), lambda: theirs(x, times, context).sample)
        for call in pair:
            call()
        return [seconds(pair[0]) / seconds(pair[1]) for _ in range(PAIRS)]


def _their_unet(kind: Any) -> Any:
    return kind(
        sample_size=64,
        cross_attention_dim=WIDTH,
        attention_head_dim=8,
        block_out_channels=(320, 640, 1280, 1280),
    )


def write_checkpoint(path: Path) -> Path:
    """A checkpoint of the published size, with random weights that keep numbers finite."""
    import torch
    from safetensors.torch import save_file

    from engine.diffusion.networks.autoencoder import AutoencoderConfig, AutoencoderKL
    from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
    from engine.diffusion.networks.unet import UNet, UNetConfig

    text = ClipTextConfig(49408, WIDTH, layers=12, heads=12, positions=TOKENS, quick_gelu=True)
    with torch.device("meta"):
        parts = {
            "model.diffusion_model.": UNet(UNetConfig()),
            "first_stage_model.": AutoencoderKL(AutoencoderConfig()),
            "cond_stage_model.transformer.": ClipText(text),
        }
    tensors = {
        prefix + name: _random(name, tensor.shape)
        for prefix, part in parts.items()
        for name, tensor in part.state_dict().items()
    }
    save_file(tensors, path)
    return path


def _random(name: str, shape: Any) -> Any:
    import torch

    noise = torch.randn(shape, device="cpu") * 0.02
    return (noise + (len(shape) == 1 and name.endswith("weight"))).half()


def _fresh(file: Path) -> dict[str, float]:
    """What a fresh process measures of itself."""
    command = [sys.executable, "-m", "bench.diffusion", str(file)]
    began = time.time()
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "cold": found["first"] - began}


def _picture(file: Path) -> None:
    """Load, take one step, then make two pictures of five steps; prints what was measured."""
    import torch

    from engine.diffusion import residency, vae
    from engine.diffusion.checkpoints import load_checkpoint
    from engine.diffusion.sample import sample
    from engine.diffusion.text.encode import encode
    from engine.media.images import save_png

    torch.set_num_threads(1)
    residency.use(torch.device("cpu"))
    found = load_checkpoint(file)
    assert found.clip and found.vae

    def latent(steps: int, seed: int) -> Any:
        sides = [[[encode(found.clip, text)[0], {}]] for text in ("a red apple", "")]
        empty = {"samples": torch.zeros(1, 4, CELLS, CELLS)}
        options = {"steps": steps, "cfg": 7.0, "sampler": "euler", "scheduler": "normal"}
        return sample(found.model, empty, *sides, seed=seed, **options)["samples"]

    def picture(seed: int) -> None:
        save_png(file.with_suffix(".png"), vae.decode(found.vae, latent(5, seed))[0], {})

    if "--step" in sys.argv:
        latent(1, 0)
        print(json.dumps({"step_peak": _peak_bytes() / 1e9}))
        return
    picture(1)
    first = time.time()
    picture(2)
    warm = time.time() - first
    step = [sys.executable, "-m", "bench.diffusion", str(file), "--step"]
    done = subprocess.run(step, cwd=ROOT, check=True, capture_output=True, text=True)
    peak = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({"first": first, "warm": warm, **peak}))


def _peak_bytes() -> int:
    """The most memory that this process had; ``getrusage`` would count its parent's as well."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) << 10


if __name__ == "__main__":
    _picture(Path(sys.argv[1]))
