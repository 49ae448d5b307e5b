"""Functions around and inside of a network, changes of its weights, and added feature maps."""

from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion.control import Residuals
from engine.diffusion.hooks import Hooks, Watch, Where
from engine.diffusion.networks.layers import attention
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.patches import Patch, patched
from engine.diffusion.residency import Residency
from engine.diffusion.weights import Weights
from tests.tiny_checkpoint import write_tiny_checkpoint

CONFIG = UNetConfig(
    model_channels=32,
    channel_mult=(1, 2),
    num_res_blocks=1,
    attention_depth=(1, 1),
    context_dim=16,
    heads=2,
)


@pytest.fixture(scope="module")
def unet() -> UNet:
    torch.manual_seed(0)
    return UNet(CONFIG).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def inputs() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 4, 8, 8), torch.tensor([300.0, 300.0]), torch.randn(2, 7, 16)


def watch(**hooks: Any) -> Watch:
    return Watch(Hooks().add(**hooks), (1, 0), 3.0, (3.0, 0.0), (8, 8))


def test_hooks_that_change_nothing_change_nothing(unet: UNet, inputs: Any) -> None:
    seen: list[Where] = []

    def look(x: Tensor, where: Where) -> Tensor:
        seen.append(where)
        return x

    def attend(q: Tensor, k: Tensor, v: Tensor, where: Where) -> Tensor:
        return attention(q, k, v, where.heads)

    at = watch(
        self_inputs=lambda q, k, v, where: (q, k, v),
        self_outputs=look,
        between=look,
        cross_inputs=lambda q, k, v, where: (q, k, v),
        cross_outputs=look,
        attend_self={("middle", 0, 0): attend},
        attend_cross={("input", 1, 0): attend},
        input_block=look,
        middle_block=look,
        output_join=lambda x, skip, where: (x, skip),
    )
    assert torch.equal(unet(*inputs), unet(*inputs, watch=at))
    transformers = {where.place for where in seen if where.heads == 2}
    outputs = {("output", i, 0) for i in range(4)}
    assert transformers == {("input", 1, 0), ("input", 3, 0), ("middle", 0, 0), *outputs}
    assert all(where.roles == (1, 0) and where.sigma == 3.0 for where in seen)
    assert {where.size for where in seen if where.place == ("middle", 0, 0) and where.heads == 2}
    assert {w.size for w in seen if w.heads == 2} == {(8, 8), (4, 4)}


@pytest.mark.parametrize(
    "hooks",
    [
        {"self_outputs": lambda x, where: x * 0},
        {"between": lambda x, where: x + 1},
        {"cross_inputs": lambda q, k, v, where: (q, k * 2, v)},
        {"attend_self": {("middle", 0, 0): lambda q, k, v, where: v}},
        {"input_block": lambda x, where: x * 1.1},
        {"middle_block": lambda x, where: x * 1.1},
        {"output_join": lambda x, skip, where: (x, skip * 0.9)},
    ],
    ids=lambda hooks: next(iter(hooks)),
)
def test_each_kind_of_hook_is_asked(unet: UNet, inputs: Any, hooks: Any) -> None:
    assert not torch.allclose(unet(*inputs), unet(*inputs, watch=watch(**hooks)))


def test_adding_hooks_gives_others_and_keeps_the_order() -> None:
    first, second = (lambda x, where: x), (lambda x, where: x * 2)
    hooks = Hooks().add(between=first)
    more = hooks.add(between=(second,), attend_self={("middle", 0, 0): min})
    assert hooks.between == (first,) and more.between == (first, second)
    assert not hooks.attend_self and more.attend_self and hooks.inside and not Hooks().inside


def test_residuals_are_added_where_they_belong(unet: UNet, inputs: Any) -> None:
    shapes = [(2, 32, 8, 8), (2, 32, 8, 8), (2, 32, 4, 4), (2, 64, 4, 4)]
    plain = unet(*inputs)
    nothing = Residuals([torch.zeros(s) for s in shapes], torch.zeros(2, 64, 4, 4))
    assert torch.equal(unet(*inputs, control=nothing), plain)
    for i in range(4):
        skips = [torch.ones(s) if k == i else None for k, s in enumerate(shapes)]
        assert not torch.allclose(unet(*inputs, control=Residuals(skips)), plain)
    once = Residuals(middle=torch.ones(2, 64, 4, 4))
    twice = Residuals(middle=torch.full((2, 64, 4, 4), 2.0), inputs=[None])
    assert torch.equal(unet(*inputs, control=once + once), unet(*inputs, control=twice))


class Add:
    def __call__(self, weight: Tensor, strength: float) -> Tensor:
        return weight + strength


def test_patches_apply_in_order_and_leave_the_weight_alone() -> None:
    weight = torch.ones(3, dtype=torch.float16)
    patches = [Patch("a", 2.0, {"w": Add()}), Patch("b", 1.0, {"w": Add()}, keep=0.5)]
    assert patched("w", weight, patches).tolist() == [2.5] * 3
    assert patched("w", weight, patches).dtype == torch.float16
    assert patched("other", weight, patches) is weight
    assert weight.tolist() == [1.0] * 3


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    from engine.diffusion.checkpoints import load_checkpoint

    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path).model.weights


def test_a_patched_network_shares_all_other_tensors(weights: Weights) -> None:
    """A thousand times on and off: the plain network is bit-identical, and no memory is lost."""
    residency = Residency(torch.device("cpu"))
    plain = residency.load(weights)
    before = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    name = "out.2.bias"
    for i in range(1000):
        variant = residency.load(weights, [Patch("a", float(i % 3 + 1), {name: Add()})])
        expected = before[name] + (i % 3 + 1)
        assert torch.equal(variant.state_dict()[name], expected)
    assert residency.load(weights) is plain
    after = plain.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    shared = variant.state_dict()
    assert all(shared[k].data_ptr() == after[k].data_ptr() for k in before if k != name)
    held = {line.owner: line.bytes for line in residency.ledger()}
    assert (
        held[weights.id] > 10_000
        and sum(held.values()) - held[weights.id] == 3 * before[name].nbytes
    )
