"""Control networks equal diffusers'; what they add reaches the U-Net when and where it should.

Largest relative errors measured: ControlNet 0 (the same operations in the same order), union
1.2e-6, T2I-Adapter 0.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.cache.codec import decode
from engine.cache.codec import encode as encode_entry
from engine.cache.entry import Entry
from engine.diffusion import residency
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.conditioning import Situation, prepare, with_options
from engine.diffusion.control import Residuals, share_controls
from engine.diffusion.control_nets.handles import (
    AdapterReader,
    Applied,
    ControlNet,
    ControlNetReader,
    T2IAdapter,
    apply,
)
from engine.diffusion.control_nets.hints import fit_picture
from engine.diffusion.control_nets.loading import (
    control_config,
    diffusers_names,
    load_control_net,
    union_kind,
)
from engine.diffusion.evaluation import Evaluation
from engine.diffusion.families import Checkpoint
from engine.diffusion.networks.control_net import ControlNet as Network
from engine.diffusion.networks.control_net import ControlNetConfig
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.parameterization import Discrete
from engine.diffusion.sample import sample
from engine.diffusion.stored import stored_tensors
from engine.diffusion.text.encode import encode
from engine.errors import InvalidInput, ModelFileError
from engine.workers.references import register_handles
from tests.diffusion.test_networks import BOUND, relative_error
from tests.diffusion.test_parity import SD21, SDXL, small
from tests.tiny_checkpoint import UNET, write_tiny_checkpoint

SD1 = UNetConfig(
    model_channels=128,
    channel_mult=(1, 2, 2, 2),
    num_res_blocks=1,
    attention_depth=(1, 1, 1, 0),
    context_dim=48,
)
#: Small networks whose output shows something: random, also where training begins with zeros.
SEED = 3


#: Networks as wide as the references.
FULL = residency.Limits(dict.fromkeys(("diffusion", "text"), "fp32"))


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in float32, so that two implementations can be compared."""
    exact = residency.Residency(torch.device("cpu"), limits=FULL)
    monkeypatch.setattr(residency, "_process", exact)


def shaken(network: nn.Module) -> nn.Module:
    torch.manual_seed(SEED)
    with torch.no_grad():
        for p in network.parameters():
            if not p.any() or p.std() > 1:
                p.normal_(0, 0.02)
    return network.eval()


def reference(config: UNetConfig, union: bool = False) -> nn.Module:
    """diffusers' ControlNet of the same sizes."""
    diffusers = pytest.importorskip("diffusers")
    widths = tuple(config.model_channels * m for m in config.channel_mult)
    down = ["CrossAttnDownBlock2D" if d else "DownBlock2D" for d in config.attention_depth]
    told: dict[str, Any] = {}
    if config.vector_channels:
        told = {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": config.vector_channels,
        }
    make = diffusers.ControlNetModel
    if union:
        make = diffusers.ControlNetUnionModel
        c = config.model_channels
        told |= {"num_trans_channel": c, "num_proj_channel": c, "num_control_type": 8}
        told |= {"addition_time_embed_dim": 256}
    torch.manual_seed(SEED)
    network = make(
        down_block_types=tuple(down),
        block_out_channels=widths,
        layers_per_block=config.num_res_blocks,
        cross_attention_dim=config.context_dim,
        attention_head_dim=config.heads or tuple(w // 64 for w in widths),
        transformer_layers_per_block=tuple(
            d or config.middle_depth for d in (*config.attention_depth[:-1], config.middle_depth)
        ),
        use_linear_projection=config.linear_projection,
        conditioning_embedding_out_channels=(16, 32, 96, 256),
        **told,
    )
    return shaken(network)


def situation(model: Any = None) -> Situation:
    place = torch.zeros(1)
    return Situation(Discrete(), torch.zeros(1, 4, 16, 16), place, model=model)


def ready(path: Path) -> ControlNetReader:
    return cast(ControlNetReader, load_control_net(path).ready(situation()))


@pytest.mark.parametrize(
    "config", [SD1, small(SD21), small(SDXL, 32, 6)], ids=["sd1", "sd2", "sdxl"]
)
@torch.no_grad()
def test_control_net_equals_diffusers(config: UNetConfig, tmp_path: Path) -> None:
    theirs = reference(config)
    save_file(theirs.state_dict(), tmp_path / "net.safetensors")
    reader = ready(tmp_path / "net.safetensors")
    x, t, context = torch.randn(2, 4, 16, 24), torch.tensor([3.0, 700.0]), torch.randn(2, 7, 48)
    picture = torch.rand(2, 3, 128, 192)
    vector = None
    told: dict[str, Any] = {}
    if config.vector_channels:
        pooled, ids = torch.randn(2, 32), torch.rand(2, 6) * 100
        told = {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": ids}}
        vector = torch.cat([pooled, theirs.add_time_proj(ids.flatten()).reshape(2, -1)], 1)
    expected = theirs(x, t, context, picture, **told)
    found = reader.steer(reader.see(picture), x, t, context, vector)
    residuals = [*found.skips, found.middle]
    others = [*expected.down_block_res_samples, expected.mid_block_res_sample]
    assert len(residuals) == len(others)
    for a, b in zip(residuals, others, strict=True):
        assert a is not None and b.abs().max() > 1e-3
        assert relative_error(a, b) < BOUND


@torch.no_grad()
def test_union_equals_diffusers(tmp_path: Path) -> None:
    """For one picture, which all of a batch share."""
    config = small(SDXL, 32, 6)
    theirs = reference(config, union=True)
    save_file(theirs.state_dict(), tmp_path / "union.safetensors")
    union = load_control_net(tmp_path / "union.safetensors")
    assert isinstance(union, ControlNet) and union.union == 8
    reader = cast(ControlNetReader, union_kind(union, "depth").ready(situation()))
    assert reader.kinds == (1,) and union_kind(union, "auto") == union
    x, t, context = torch.randn(2, 4, 8, 8), torch.tensor([3.0, 700.0]), torch.randn(2, 7, 48)
    picture, pooled, ids = torch.rand(1, 3, 64, 64), torch.randn(2, 32), torch.rand(2, 6) * 100
    picture = picture.expand(2, -1, -1, -1)
    on = torch.zeros(2, 8)
    on[:, 1] = 1
    told = {"text_embeds": pooled, "time_ids": ids}
    expected = theirs(x, t, context, [picture], on, [1], added_cond_kwargs=told)
    vector = torch.cat([pooled, theirs.add_time_proj(ids.flatten()).reshape(2, -1)], 1)
    found = reader.steer(reader.see(picture), x, t, context, vector)
    for a, b in zip(found.skips, expected.down_block_res_samples, strict=True):
        assert a is not None and relative_error(a, b) < BOUND
    assert found.middle is not None
    assert relative_error(found.middle, expected.mid_block_res_sample) < BOUND
    with pytest.raises(InvalidInput, match="knows 2 kinds of pictures"):
        union_kind(replace(union, union=2), "tile")


def own_layout(path: Path, theirs: nn.Module) -> dict[str, Tensor]:
    names = diffusers_names(theirs.state_dict())
    return {names[k]: t for k, t in theirs.state_dict().items()}


@pytest.mark.parametrize("prefix", ["control_model.", ""])
def test_the_original_layout_is_the_same_network(prefix: str, tmp_path: Path) -> None:
    theirs = reference(SD1)
    state = own_layout(tmp_path, theirs)
    assert {"zero_convs.0.0.weight", "input_hint_block.14.bias", "middle_block_out.0.bias"} < set(
        state
    )
    save_file({prefix + k: t for k, t in state.items()}, tmp_path / "a.safetensors")
    save_file(theirs.state_dict(), tmp_path / "b.safetensors")
    nets = [load_control_net(tmp_path / f"{n}.safetensors") for n in "ab"]
    found = [dict(stored_tensors(cast(ControlNet, n).weights)) for n in nets]
    assert found[0].keys() == found[1].keys()
    assert all(torch.equal(found[0][k], found[1][k]) for k in found[0])


def test_every_published_size_has_the_names_of_diffusers() -> None:
    """SD 1.x, 2.1, SDXL and its union at full size, on the meta device."""
    diffusers = pytest.importorskip("diffusers")
    sd = {"cross_attention_dim": 768, "conditioning_embedding_out_channels": (16, 32, 96, 256)}
    sd2 = {**sd, "cross_attention_dim": 1024, "use_linear_projection": True}
    sdxl = {
        **sd2,
        "cross_attention_dim": 2048,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "block_out_channels": (320, 640, 1280),
        "transformer_layers_per_block": (1, 2, 10),
        "attention_head_dim": (5, 10, 20),
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    }
    plain, union = diffusers.ControlNetModel, diffusers.ControlNetUnionModel
    for config, make, told in (
        (ControlNetConfig(UNetConfig()), plain, sd),
        (ControlNetConfig(SD21), plain, sd2),
        (ControlNetConfig(SDXL), plain, sdxl),
        (ControlNetConfig(SDXL, kinds=6), union, {**sdxl, "num_control_type": 6}),
    ):
        with torch.device("meta"):
            theirs, ours = make(**told), Network(config)
            again = Network(control_config({k: tuple(t.shape) for k, t in ours.named_parameters()}))
        names = diffusers_names(theirs.state_dict())
        shapes = {names[k]: tuple(t.shape) for k, t in theirs.state_dict().items()}
        found = {k: tuple(t.shape) for k, t in ours.state_dict().items()}
        assert {k: tuple(n for n in s if n > 1) for k, s in shapes.items()} == {
            k: tuple(n for n in s if n > 1) for k, s in found.items()
        }
        assert {k: tuple(t.shape) for k, t in again.state_dict().items()} == found


@pytest.mark.parametrize("kind", ["full_adapter", "full_adapter_xl", "light_adapter"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("layout", ["diffusers", "first"])
@torch.no_grad()
def test_t2i_adapter_equals_diffusers(
    kind: str, channels: int, layout: str, tmp_path: Path
) -> None:
    diffusers = pytest.importorskip("diffusers")
    xl, light = kind.endswith("xl"), kind.startswith("light")
    torch.manual_seed(SEED)
    theirs = diffusers.T2IAdapter(
        in_channels=channels,
        channels=[32, 64, 64] if light else [32, 64, 96, 96],
        num_res_blocks=4 if light else 2,
        downscale_factor=16 if xl else 8,
        adapter_type=kind,
    ).eval()
    state = theirs.state_dict()
    if layout == "first":
        state = {k.removeprefix("adapter."): t for k, t in state.items()}
        state = {_first_layout(k, light): t for k, t in state.items()}
    save_file(state, tmp_path / "a.safetensors")
    handle = load_control_net(tmp_path / "a.safetensors")
    assert isinstance(handle, T2IAdapter)
    reader = cast(AdapterReader, handle.ready(situation()))
    picture = torch.rand(1, 3, 160, 96)
    given = picture.mean(1, keepdim=True) if channels == 1 else picture
    found, expected = reader.see(picture), theirs(given)
    for a, b in zip(found, expected, strict=True):
        assert relative_error(a, b) < BOUND
    added = reader.steer(found, *[torch.zeros(1)] * 3, None)
    places = [i for i, x in enumerate(added.inputs) if x is not None]
    assert places == ([3, 5, 8] if xl else [2, 5, 8, 11])
    assert (added.middle is not None) == xl


def _first_layout(name: str, light: bool) -> str:
    import re

    if light:
        return name.replace(".resnets.", ".body.")
    name = re.sub(r"body\.(\d+)\.in_conv", lambda m: f"body.{int(m[1]) * 2}.in_conv", name)
    place = r"body\.(\d+)\.resnets\.(\d+)\."
    return re.sub(place, lambda m: f"body.{int(m[1]) * 2 + int(m[2])}.", name)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path)


@pytest.fixture(scope="module")
def net_state() -> dict[str, Tensor]:
    """A ControlNet for the tiny model."""
    torch.manual_seed(SEED)
    network = Network(ControlNetConfig(UNET))
    for p in network.parameters():
        nn.init.normal_(p, 0, 0.1)
    return {f"control_model.{k}": t.detach() for k, t in network.state_dict().items()}


@pytest.fixture
def net(net_state: dict[str, Tensor], tmp_path: Path) -> ControlNet:
    save_file(net_state, tmp_path / "net.safetensors")
    return cast(ControlNet, load_control_net(tmp_path / "net.safetensors"))


PICTURE = torch.rand(1, 128, 128, 3, generator=torch.Generator().manual_seed(0))
LATENT = {"samples": torch.zeros(1, 4, 16, 16)}


def entries(tiny: Checkpoint) -> tuple[Any, Any]:
    assert tiny.clip
    return tuple([[encode(tiny.clip, text)[0], {}]] for text in ("a cat", "a dog"))  # type: ignore[return-value]


def run(tiny: Checkpoint, positive: Any, negative: Any, **options: Any) -> Tensor:
    settings = {"seed": 1, "steps": 4, "cfg": 4.0, "sampler": "euler", "scheduler": "normal"}
    latent = options.pop("latent", LATENT)
    return sample(tiny.model, latent, positive, negative, **settings, **options)["samples"]


def test_a_control_changes_the_picture_by_its_strength(tiny: Checkpoint, net: ControlNet) -> None:
    positive, negative = entries(tiny)
    plain = run(tiny, positive, negative)
    found = []
    for strength in (0.0, 0.1, 1.0):
        both = apply([positive, negative], False, net=net, picture=PICTURE, strength=strength)
        found.append(float((run(tiny, *both) - plain).abs().mean()))
    assert found[0] < 1e-5 < found[1] < found[2]


def test_a_control_counts_within_its_part_of_the_run(tiny: Checkpoint, net: ControlNet) -> None:
    positive, negative = entries(tiny)
    plain = run(tiny, positive, negative)

    def at(start: float, end: float) -> Tensor:
        options = {"net": net, "picture": PICTURE, "start_percent": start, "end_percent": end}
        return run(tiny, *apply([positive, negative], False, **options))

    whole, first, last = at(0.0, 1.0), at(0.0, 0.4), at(0.6, 1.0)
    assert torch.equal(at(0.45, 0.46), plain)
    different = [whole, first, last, plain]
    assert not any(torch.allclose(a, b) for i, a in enumerate(different) for b in different[:i])


def test_chained_controls_add_up(tiny: Checkpoint, net: ControlNet) -> None:
    positive, negative = entries(tiny)
    half = {"net": net, "picture": PICTURE, "strength": 0.5}
    twice = apply(apply([positive, negative], False, **half), False, **half)
    once = apply([positive, negative], False, net=net, picture=PICTURE)
    torch.testing.assert_close(run(tiny, *twice), run(tiny, *once), rtol=1e-3, atol=1e-3)
    assert twice[0][0][1]["control"] is twice[1][0][1]["control"]


def test_equal_controls_share_a_call(tiny: Checkpoint, net: ControlNet) -> None:
    """Also where two nodes made them, or the cache gave them back."""
    made = [Applied(net, PICTURE.clone(), 0.5, mask=torch.ones(1, 8, 8)) for _ in range(2)]
    assert made[0] == made[1] and hash(made[0]) == hash(made[1])
    assert made[0] != replace(made[0], picture=1 - PICTURE)
    assert made[0] != replace(made[0], mask=None) and made[0] != replace(made[0], strength=0.4)
    assert replace(made[0], previous=made[1]) == replace(made[1], previous=made[0])


def test_handles_and_what_they_are_applied_to_survive_a_restart(
    tiny: Checkpoint, net: ControlNet, net_state: dict[str, Tensor], tmp_path: Path
) -> None:
    register_handles()
    adapter, lora = tmp_path / "adapter.safetensors", tmp_path / "lora.safetensors"
    diffusers = pytest.importorskip("diffusers")
    save_file(diffusers.T2IAdapter(channels=[32, 64, 96, 96]).state_dict(), adapter)
    save_file({**net_state, "lora_controlnet": torch.zeros(1)}, lora)
    nets = [replace(net, kinds=(2,)), load_control_net(adapter), load_control_net(lora)]
    (positive,) = apply([entries(tiny)[0]], False, net=net, picture=PICTURE, strength=0.5)
    tensors, text = encode_entry(Entry((nets, [positive]), {}, 0.0))
    found = decode(tensors, text).values
    assert found[0] == nets
    assert found[1][0][0][1]["control"] == positive[0][1]["control"]


def test_the_old_way_shares_the_control_with_the_negative_side(
    tiny: Checkpoint, net: ControlNet
) -> None:
    positive, negative = entries(tiny)
    (shared,) = apply([positive], True, net=net, picture=PICTURE)
    both = apply([positive, negative], False, net=net, picture=PICTURE)
    (alone,) = apply([positive], False, net=net, picture=PICTURE)
    assert torch.equal(run(tiny, shared, negative), run(tiny, *both))
    assert not torch.allclose(run(tiny, alone, negative), run(tiny, *both))
    own = [[negative[0][0], {"control": "own"}]]
    assert share_controls({"positive": shared, "negative": own})["negative"] == own


def test_both_sides_share_one_call_and_the_picture_is_read_once(
    tiny: Checkpoint, net: ControlNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    seen: list[int] = []
    steer, see = ControlNetReader.steer, ControlNetReader.see

    def counted(self: ControlNetReader, features: Any, x: Tensor, *more: Any) -> Residuals:
        batches.append(len(x))
        return steer(self, features, x, *more)

    def looked(self: ControlNetReader, picture: Tensor) -> Any:
        seen.append(len(picture))
        return see(self, picture)

    monkeypatch.setattr(ControlNetReader, "steer", counted)
    monkeypatch.setattr(ControlNetReader, "see", looked)
    run(tiny, *apply([*entries(tiny)], False, net=net, picture=PICTURE))
    assert batches == [2] * 4 and seen == [1]


def test_a_control_may_read_a_text_of_its_own(
    tiny: Checkpoint, net: ControlNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network goes on reading the prompt; texts of other lengths share the call."""
    read: list[Tensor] = []
    steer = ControlNetReader.steer

    def listened(self: ControlNetReader, seen: Any, x: Any, t: Any, context: Any, v: Any) -> Any:
        read.append(context)
        return steer(self, seen, x, t, context, v)

    monkeypatch.setattr(ControlNetReader, "steer", listened)
    positive, negative = apply([*entries(tiny)], False, net=net, picture=PICTURE)
    other = torch.randn(1, 154, 64)
    told = with_options(positive, cross_attn_controlnet=other, pooled_output_controlnet=None)
    changed = run(tiny, told, negative)
    assert torch.equal(read[0][1:], other) and torch.equal(
        read[0][0], negative[0][0][0].repeat(2, 1)
    )
    same = with_options(positive, cross_attn_controlnet=positive[0][0])
    assert torch.equal(run(tiny, same, negative), run(tiny, positive, negative))
    assert not torch.allclose(changed, run(tiny, positive, negative))


@torch.no_grad()
def test_a_pooled_vector_of_its_own_reaches_the_control() -> None:
    """As the family makes its vector of sizes and pooled features."""
    heard: list[Any] = []

    class Listener:
        def prepare(self, situation: Situation) -> Any:
            return lambda x, sigma, t, context, vector: heard.append(vector)

    def family(options: Any, situation: Situation) -> Any:
        return {"vector": options["pooled_output"] * 10}

    own = {
        "cross_attn_controlnet": torch.ones(1, 3, 8),
        "pooled_output_controlnet": torch.ones(1, 4),
    }
    entry = {"pooled_output": torch.zeros(1, 4), "control": Listener()}
    text = torch.zeros(1, 3, 8)
    conditions = prepare([[text, {**entry, **own}], [text, entry]], situation(), family)
    network = cast(nn.Module, lambda x, t, context, vector, control: x + vector.sum())
    Evaluation(network, Discrete())(torch.zeros(1, 4, 16, 16), 1.0, [conditions[:1]])
    assert torch.equal(heard[0], torch.full((1, 4), 10.0))


def test_each_picture_of_a_batch_steers_its_latent(tiny: Checkpoint, net: ControlNet) -> None:
    pictures = torch.cat([PICTURE, 1 - PICTURE])
    latents = {"samples": torch.zeros(2, 4, 16, 16)}
    both = run(tiny, *apply([*entries(tiny)], False, net=net, picture=pictures), latent=latents)
    first = run(tiny, *apply([*entries(tiny)], False, net=net, picture=PICTURE), latent=latents)
    torch.testing.assert_close(both[:1], first[:1], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(both[1:], first[1:], atol=1e-3)


def test_a_mask_limits_a_control(tiny: Checkpoint, net: ControlNet) -> None:
    sides = entries(tiny)
    options = {"net": net, "picture": PICTURE}
    none = run(tiny, *apply([*sides], False, torch.zeros(1, 128, 128), **options))
    everywhere = run(tiny, *apply([*sides], False, torch.ones(1, 128, 128), **options))
    assert torch.allclose(none, run(tiny, *sides), atol=1e-5)
    assert torch.equal(everywhere, run(tiny, *apply([*sides], False, **options)))


def test_a_shuffle_net_is_known_by_its_file_name(
    net_state: dict[str, Tensor], tmp_path: Path
) -> None:
    save_file(net_state, tmp_path / "control_x_shuffle_fp16.safetensors")
    net = load_control_net(tmp_path / "control_x_shuffle_fp16.safetensors")
    assert cast(ControlNet, net).pooled
    reader = cast(ControlNetReader, net.ready(situation()))
    x, t, context = torch.randn(1, 4, 16, 16), torch.tensor([5.0]), torch.randn(1, 7, 64)
    found = reader.steer(reader.see(torch.rand(1, 3, 128, 128)), x, t, context, None)
    assert found.middle is not None
    assert found.middle.std((2, 3)).max() < 1e-6


def test_a_difference_is_added_to_the_model(
    tiny: Checkpoint, net_state: dict[str, Tensor], tmp_path: Path
) -> None:
    base = dict(stored_tensors(tiny.model.weights))
    tensors = {}
    for key, tensor in net_state.items():
        name = key.removeprefix("control_model.")
        tensors[key] = tensor - base[name] if name in base else tensor
    tensors["difference"] = torch.zeros(1)
    save_file(tensors, tmp_path / "diff.safetensors")
    net = cast(ControlNet, load_control_net(tmp_path / "diff.safetensors", tiny.model))
    found = dict(stored_tensors(net.weights, net.patches))
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, net_state[f"control_model.{name}"])


def test_a_control_lora_is_completed_by_the_model(
    tiny: Checkpoint, net_state: dict[str, Tensor], tmp_path: Path
) -> None:
    base = dict(stored_tensors(tiny.model.weights))
    own = {k.removeprefix("control_model."): t for k, t in net_state.items()}
    tensors = {"lora_controlnet": torch.zeros(1)}
    expected = dict(base)
    for name, tensor in own.items():
        if name in base and name.endswith(".weight") and tensor.dim() > 1:
            up, down = torch.randn(len(tensor), 2), torch.randn(2, *tensor.shape[1:])
            stem = name.removesuffix(".weight")
            tensors |= {f"{stem}.up": up, f"{stem}.down": down}
            expected[name] = base[name] + (up @ down.flatten(1)).reshape(tensor.shape)
        elif not (name in base and "norm" in name):
            tensors[name] = expected[name] = tensor.clone()
    save_file(tensors, tmp_path / "lora.safetensors")
    handle = load_control_net(tmp_path / "lora.safetensors")
    reader = cast(ControlNetReader, handle.ready(situation(tiny.model)))
    for name, tensor in reader.network.state_dict().items():
        torch.testing.assert_close(tensor, expected[name].reshape(tensor.shape))
    sides = entries(tiny)
    found = run(tiny, *apply([*sides], False, net=handle, picture=PICTURE, strength=0.1))
    assert found.isfinite().all() and not torch.allclose(found, run(tiny, *sides))


def test_a_net_of_another_family_is_refused(tiny: Checkpoint, tmp_path: Path) -> None:
    network = Network(ControlNetConfig(replace(UNET, context_dim=32)))
    save_file(network.state_dict(), tmp_path / "other.safetensors")
    net = load_control_net(tmp_path / "other.safetensors")
    with pytest.raises(InvalidInput, match="prompts of 32 numbers, but the model reads 64"):
        run(tiny, *apply([*entries(tiny)], False, net=net, picture=PICTURE))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelFileError, match="holds no ControlNet"):
        load_control_net(tmp_path / "x.safetensors")


def test_pictures_are_cropped_around_their_centre_and_keep_their_values() -> None:
    picture = torch.zeros(1, 4, 8, 3)
    picture[:, :, 2:6] = 1
    assert fit_picture(picture, (16, 16), 8).unique().tolist() == [1.0]
    assert fit_picture(picture.mT.reshape(1, 4, 3, 8)[..., :3], (10, 20), 8).shape == (1, 3, 16, 24)
    gray = fit_picture(picture[..., :1], (8, 16), 8)
    assert gray.shape == (1, 3, 8, 16) and set(gray.unique().tolist()) == {0.0, 1.0}


def test_with_the_net_the_unet_gets_its_residuals_in_order() -> None:
    torch.manual_seed(0)
    unet, net = UNet(UNET).eval(), Network(ControlNetConfig(UNET)).eval()
    x, t, context = torch.randn(1, 4, 8, 8), torch.tensor([5.0]), torch.randn(1, 7, 64)
    with torch.no_grad():
        found = net(x, t, context, None, net.hint(torch.rand(1, 3, 64, 64)))
        assert len(found.skips) == len(unet.input_blocks)
        assert unet(x, t, context, control=found).shape == x.shape
