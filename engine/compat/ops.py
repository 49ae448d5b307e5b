"""``comfy.ops``: layers that packs build networks of.

Invariant: ``disable_weight_init`` are torch's layers without the time it takes to fill them with
random numbers; ``manual_cast`` are the same, computing in the type of what they are given.
"""

from typing import Any

from torch import Tensor, nn


class _Unfilled:
    """A layer whose weights stay as they were allocated."""

    comfy_cast_weights = False

    def reset_parameters(self) -> None:
        """Nothing: weights are loaded later."""


class _Casting(_Unfilled):
    """A layer that computes in the type of its input."""

    comfy_cast_weights = True

    def forward(self, input: Tensor, *args: Any, **kwargs: Any) -> Any:
        """The layer's output, in the input's type and place."""
        kept = {name: p for name, p in self._parameters.items() if p is not None}  # type: ignore[attr-defined]
        moved = {n: nn.Parameter(p.to(input), requires_grad=False) for n, p in kept.items()}
        self._parameters.update(moved)  # type: ignore[attr-defined]
        try:
            return super().forward(input, *args, **kwargs)  # type: ignore[misc]
        finally:
            self._parameters.update(kept)  # type: ignore[attr-defined]


_LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.GroupNorm,
    nn.LayerNorm,
)


def _layers(kind: type) -> dict[str, type]:
    return {layer.__name__: type(layer.__name__, (kind, layer), {}) for layer in _LAYERS}


class _WithConv:
    """What chooses a convolution by its number of axes."""

    @classmethod
    def conv_nd(cls, dims: int, *args: Any, **kwargs: Any) -> Any:
        """A convolution of 1, 2 or 3 axes."""
        return getattr(cls, f"Conv{dims}d")(*args, **kwargs)


disable_weight_init: Any = type(
    "disable_weight_init", (_WithConv,), {**_layers(_Unfilled), "Embedding": nn.Embedding}
)
manual_cast: Any = type(
    "manual_cast", (disable_weight_init,), {**_layers(_Casting), "Embedding": nn.Embedding}
)


def cast_to_input(weight: Tensor, input: Tensor, **more: Any) -> Tensor:
    """A weight in the type and place of an input."""
    return weight.to(input)


def cast_bias_weight(
    s: Any, input: Tensor | None = None, dtype: Any = None, device: Any = None, **more: Any
) -> tuple[Tensor, Tensor | None]:
    """A layer's weight and bias in a type and place, by default those of an input."""
    kind = dtype or (input.dtype if input is not None else s.weight.dtype)
    place = device or (input.device if input is not None else s.weight.device)
    bias = None if s.bias is None else s.bias.to(place, kind)
    return s.weight.to(place, kind), bias
