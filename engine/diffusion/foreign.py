"""Upscalers of kinds that are not built in, through the library spandrel if it is installed.

Invariant: files are read by our own reader, which runs no program that a file carries; the
library only sees tensors.
"""

from functools import partial
from importlib import import_module
from typing import Any

from torch import Tensor, nn

from .handles import UpscaleModel
from .weights import Header, Weights, read_tensors


def is_there() -> bool:
    """Whether spandrel is installed, with a torchvision that fits torch."""
    try:
        import_module("spandrel")
    except (ImportError, RuntimeError):  # what torchvision raises if it was built for another
        return False
    return True


def describe_foreign(header: Header) -> UpscaleModel | None:
    """The upscaler of a file, if spandrel knows it as one for colour pictures."""
    found = _descriptor(header)
    if found is None:
        return None
    build = partial(_network, header)
    weights = Weights(
        f"{header.id}:upscaler", header.path, "upscale", build, lambda keys: {}, is_whole=True
    )
    return UpscaleModel(weights, found.scale)


class ForeignUpscaler(nn.Module):
    """A network of the library, with the padding that it asks for."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.network = descriptor.model
        self.descriptor = descriptor

    def forward(self, x: Tensor) -> Tensor:
        """``b 3 h w`` in 0..1 to ``b 3 (scale h) (scale w)``."""
        return self.descriptor(x)


def _network(header: Header) -> nn.Module:
    return ForeignUpscaler(_descriptor(header))


def _descriptor(header: Header) -> Any:
    """What spandrel says of a file; None if it does not know it or it is no such upscaler."""
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    try:
        found = ModelLoader(device="cpu").load_from_state_dict(read_tensors(header.path))
    except UnsupportedModelError:
        return None
    is_upscaler = isinstance(found, ImageModelDescriptor)
    return found if is_upscaler and found.input_channels == found.output_channels == 3 else None
