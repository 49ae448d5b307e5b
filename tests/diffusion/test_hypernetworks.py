"""Hypernetworks equal the networks that they were saved from; unknown files are refused."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.hooks import Where
from engine.diffusion.hypernetworks import Hypernetwork, with_hypernetwork
from engine.diffusion.sample import sample
from engine.diffusion.weights import file_id
from engine.errors import ModelFileError
from tests.diffusion.test_networks import BOUND, relative_error
from tests.tiny_checkpoint import write_tiny_checkpoint

WHERE = Where(("middle", 0, 0))


class Plain(nn.Module):
    """As they are trained: matrices, activations, norms and dropout in one sequence."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.linear = nn.Sequential(*layers)


def trained(width: int, norm: bool, activation: type[nn.Module], active_end: bool) -> Plain:
    layers: list[nn.Module] = [nn.Linear(width, 2 * width), activation()]
    layers += [nn.LayerNorm(2 * width)] if norm else []
    layers += [nn.Dropout(0.3), nn.Linear(2 * width, width)]
    layers += [activation()] if active_end else []
    layers += [nn.LayerNorm(width)] if norm else []
    return Plain(*layers).eval()


def write(path: Path, pairs: dict[int, list[Any]], **facts: Any) -> Path:
    torch.save({**facts, "step": 1, "name": "x", **pairs}, path)
    return path


@torch.no_grad()
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("active_end", [False, True])
@pytest.mark.parametrize(
    ("name", "activation"), [("relu", nn.ReLU), ("swish", nn.Hardswish), ("mish", nn.Mish)]
)
def test_equals_what_was_trained(
    tmp_path: Path, name: str, activation: type[nn.Module], active_end: bool, norm: bool
) -> None:
    """Measured: 0, the same operations in the same order."""
    pair = [trained(8, norm, activation, active_end) for _ in range(2)]
    facts = {"activation_func": name, "activate_output": active_end, "is_layer_norm": norm}
    path = write(tmp_path / "h.pt", {8: [n.state_dict() for n in pair]}, **facts)
    x, q = torch.randn(2, 5, 8), torch.randn(2, 9, 16)
    change = Hypernetwork(file_id(path), 0.7, path)
    found = change(q, x, x, WHERE)
    assert found[0] is q
    for ours, network in zip(found[1:], pair, strict=True):
        assert relative_error(ours, x + network.linear(x) * 0.7) < BOUND
    other = torch.randn(2, 5, 12)
    assert change(q, other, other, WHERE)[1] is other


@torch.no_grad()
def test_the_first_files_had_two_matrices(tmp_path: Path) -> None:
    """And no word about activations."""
    a, b = nn.Linear(8, 16), nn.Linear(16, 8)
    state = {
        f"linear{i + 1}.{k}": t for i, n in enumerate((a, b)) for k, t in n.state_dict().items()
    }
    path = write(tmp_path / "h.pt", {8: [state, state]})
    x = torch.randn(1, 3, 8)
    _, k, v = Hypernetwork(file_id(path), 1.0, path)(x, x, x, WHERE)
    assert torch.equal(k, v)
    assert relative_error(k, x + b(a(x))) < BOUND


def test_changes_the_picture(tmp_path: Path) -> None:
    """Cross-attention by the width of the text, self-attention by that of the feature map."""
    model = load_checkpoint(write_tiny_checkpoint(tmp_path / "tiny.safetensors")).model
    prompt = [[torch.randn(1, 7, 64), {}]]

    def draw(model: Any) -> Tensor:
        settings: dict[str, Any] = {"seed": 1, "steps": 2, "cfg": 2.0, "scheduler": "normal"}
        latent = {"samples": torch.zeros(1, 4, 8, 8)}
        found: Tensor = sample(model, latent, prompt, prompt, sampler="euler", **settings)[
            "samples"
        ]
        return found

    paths = [
        write(
            tmp_path / f"{width}.pt",
            {width: [trained(width, False, nn.ReLU, True).state_dict() for _ in range(2)]},
            activation_func="relu",
        )
        for width in (64, 32)
    ]
    pictures = [draw(with_hypernetwork(model, path, 5.0)) for path in paths]
    assert not torch.equal(pictures[0], pictures[1])
    assert not any(torch.equal(draw(model), picture) for picture in pictures)
    assert with_hypernetwork(model, paths[0], 0.0) == model


@pytest.mark.parametrize(
    ("pairs", "facts", "text"),
    [
        ({}, {}, "holds no hypernetwork"),
        ({8: [{"linear.0.weight": torch.zeros(8, 8)}] * 2}, {"activation_func": "x"}, "'x'"),
        ({8: [{"other": torch.zeros(8, 8)}] * 2}, {}, "no layers named linear"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, pairs: Any, facts: Any, text: str) -> None:
    model = load_checkpoint(write_tiny_checkpoint(tmp_path / "tiny.safetensors")).model
    with pytest.raises(ModelFileError, match=text):
        with_hypernetwork(model, write(tmp_path / "h.pt", pairs, **facts), 1.0)
