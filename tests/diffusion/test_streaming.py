"""Networks that do not fit on a device compute there what they would compute as a whole."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.diffusion import residency
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.hooks import Hooks, Watch
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.patches import Patch
from engine.diffusion.residency import Limits, Residency
from engine.diffusion.streaming import IN_FLIGHT, Streamer, cut, divide, size, stream, streamer_of
from tests.tiny_checkpoint import write_tiny_checkpoint

CONFIG = UNetConfig(
    model_channels=32,
    channel_mult=(1, 2),
    num_res_blocks=1,
    attention_depth=(1, 2),
    context_dim=16,
    heads=2,
)
LIMIT = 20_000
FULL = Limits({"diffusion": "fp32"})


def make() -> UNet:
    return UNet(CONFIG).eval().requires_grad_(False)


def inputs() -> tuple[Tensor, Tensor, Tensor]:
    return torch.randn(2, 4, 8, 8), torch.tensor([10.0, 500.0]), torch.randn(2, 3, 16)


class Seen:
    """The most that was on the device at any call of any part."""

    def __init__(self, network: nn.Module) -> None:
        self.streamer, self.most = streamer_of(network), 0
        for part in cut(network, LIMIT):
            part.register_forward_hook(self._look, prepend=True)

    def _look(self, *call: object) -> None:
        assert isinstance(self.streamer, Streamer)
        self.most = max(self.most, self.streamer.resident + self.streamer.present)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("watched", [False, True])
def test_a_streamed_network_computes_the_same(share: float, watched: bool) -> None:
    network, given = make(), inputs()
    watch = Watch(Hooks(), (0, 1), 1.0, (1.0, 0.0), (8, 8)) if watched else None
    with torch.inference_mode():
        whole = [network(*given, watch=watch) for _ in range(2)]
        stream(network, torch.device("cpu"), int(size(network) * share), LIMIT)
        seen = Seen(network)
        parts = [network(*given, watch=watch) for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))
    assert seen.streamer is not None
    largest = max(size(part) for part in cut(network, LIMIT))
    assert 0 < seen.most <= max(seen.streamer.resident + IN_FLIGHT * largest, share * size(network))
    assert seen.streamer.present <= largest, "one unit was fetched ahead, the others are gone"


def test_a_unit_that_was_fetched_in_vain_is_dropped() -> None:
    """Step caches skip layers, so another unit may come than the one of the last time."""
    layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
    network = nn.ModuleDict({"layers": layers})
    stream(network, torch.device("cpu"), 0, 1)
    streamer, x = streamer_of(network), torch.randn(1, 8)
    assert streamer is not None
    for i in (0, 1, 2, 0, 2, 0):
        layers[i](x)
        assert streamer.present <= size(layers[0])


def test_the_first_weight_is_where_the_network_computes() -> None:
    """Callers put latents and texts there."""
    network = make()
    stream(network, torch.device("cpu"), 0, LIMIT)
    streamer = streamer_of(network)
    assert streamer is not None
    moving = {id(t) for unit in streamer._units for t in unit._tensors}
    assert moving and id(next(network.parameters())) not in moving


def test_parts_are_cut_until_they_are_small() -> None:
    network = make()
    parts = list(cut(network, LIMIT))
    assert sum(map(size, parts)) == size(network)
    assert all(size(p) <= LIMIT or not list(p.children()) for p in parts)
    assert [*network.input_blocks] == list(cut(network, size(network)))[1 : 1 + 4]


def test_what_stays_is_spread_evenly() -> None:
    parts = [nn.Linear(10, 10) for _ in range(10)]
    staying, moving = divide(parts, 5 * size(parts[0]))
    assert [part in staying for part in parts] == [False, True] * 5
    assert len(staying) + len(moving) == 10
    assert divide(parts, 10 * size(parts[0]))[1] == []
    assert divide(parts, -1)[0] == [] and divide([], 8) == ([], [])


def test_a_network_larger_than_the_budget_is_streamed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With and without changes of its weights; the line in the log says how much stays."""
    file = write_tiny_checkpoint(tmp_path / "tiny.safetensors")
    weights = load_checkpoint(file).model.weights
    name = "input_blocks.1.0.in_layers.2.weight"
    patch = Patch("half", 0.5, {name: lambda weight, strength: weight * strength})
    given = torch.randn(1, 4, 8, 8), torch.tensor([10.0]), torch.randn(1, 3, 64)
    whole = Residency(torch.device("cpu"), 1 << 40, FULL)
    total = size(whole.load(weights))
    # A device of another name, so that it is not where networks wait.
    small = Residency(torch.device("cpu", 0), total // 2, FULL)
    with caplog.at_level("INFO", residency.log.name), torch.inference_mode():
        for patches in ((), (patch,)):
            network = small.load(weights, patches)
            assert streamer_of(network) is not None
            expected = whole.load(weights, patches)(*given)
            # Kernels choose by the alignment of weights, which is another in a file's buffer.
            torch.testing.assert_close(network(*given), expected, rtol=0, atol=2e-6)
    assert "streams diffusion of tiny.safetensors" in caplog.text
