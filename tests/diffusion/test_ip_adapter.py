"""IP-Adapters equal diffusers'; pictures count when, where and how much they should.

Largest relative error measured: 1.1e-6.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.cache.codec import decode, encode
from engine.cache.entry import Entry
from engine.diffusion import residency
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families import Checkpoint
from engine.diffusion.files import load_clip_vision
from engine.diffusion.handles import ClipVision, Model
from engine.diffusion.hooks import NO_HOOKS, Watch
from engine.diffusion.ip_adapter import (
    AttendToPictures,
    IPAdapter,
    PicturePrompt,
    _numbers,
    features,
    load_ip_adapter,
    tell_pictures,
)
from engine.diffusion.networks.clip_vision import ClipVision as VisionNetwork
from engine.diffusion.networks.ip_adapter import IPAdapter as Network
from engine.diffusion.networks.ip_adapter import IPAdapterConfig
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.places import cross_attentions
from engine.diffusion.sample import sample
from engine.diffusion.text.encode import encode as encode_text
from engine.diffusion.weights import Weights
from engine.errors import InvalidInput, ModelFileError
from engine.workers.references import register_handles
from tests.diffusion.test_networks import BOUND, relative_error
from tests.diffusion.test_parity import SDXL, carried_over, small, theirs
from tests.tiny_checkpoint import write_tiny_checkpoint
from tests.tiny_families import VISION

SD1 = UNetConfig(
    model_channels=128,
    channel_mult=(1, 2, 2),
    num_res_blocks=1,
    attention_depth=(1, 1, 0),
    context_dim=48,
    linear_projection=True,
)
LATENT = {"samples": torch.zeros(1, 4, 16, 16)}
PICTURE = torch.rand(1, 40, 30, 3, generator=torch.Generator().manual_seed(0))


#: Networks as wide as the references.
FULL = residency.Limits(dict.fromkeys(("diffusion", "text"), "fp32"))


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in float32, so that two implementations can be compared."""
    exact = residency.Residency(torch.device("cpu"), limits=FULL)
    monkeypatch.setattr(residency, "_process", exact)


def config_for(model: Model, kind: str, features: int) -> IPAdapterConfig:
    sizes = list(cross_attentions(model.weights).values())
    places = tuple((2 * i + 1, c) for i, (c, _) in enumerate(sizes))
    more = {"plus": {"tokens": 5, "width": 128, "layers": 4, "heads": 2}, "full": {"tokens": 0}}
    return IPAdapterConfig(kind, features, model.context_dim, places, **more.get(kind, {}))


def random_state(config: IPAdapterConfig) -> dict[str, Tensor]:
    torch.manual_seed(5)
    network = Network(config)
    for name, p in network.named_parameters():
        spread = 0.2 if p.dim() > 1 else 0.5
        nn.init.normal_(p, 1.0 if "norm" in name and "weight" in name else 0.0, spread)
    return {k: t.detach().contiguous() for k, t in network.state_dict().items()}


def written(path: Path, model: Model, kind: str, features: int) -> IPAdapter:
    save_file(random_state(config_for(model, kind, features)), path)
    return load_ip_adapter(path)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path)


@pytest.fixture(scope="module")
def vision(tmp_path_factory: pytest.TempPathFactory) -> ClipVision:
    torch.manual_seed(0)
    network = VisionNetwork(VISION)
    nn.init.normal_(network.vision_model.embeddings.class_embedding)
    path = tmp_path_factory.mktemp("models") / "vision.safetensors"
    save_file(network.state_dict(), path)
    return load_clip_vision(path)


@pytest.fixture
def adapter(tiny: Checkpoint, vision: ClipVision, tmp_path: Path) -> IPAdapter:
    assert tiny.model
    return written(tmp_path / "ip.safetensors", tiny.model, "linear", vision.width)


@pytest.mark.parametrize("config", [SD1, small(SDXL, 32, 6)], ids=["sd1", "sdxl"])
@pytest.mark.parametrize("kind", ["linear", "plus", "full"])
@torch.no_grad()
def test_ip_adapter_equals_diffusers(
    config: UNetConfig, kind: str, tiny: Checkpoint, tmp_path: Path
) -> None:
    """Two pictures, two latents; diffusers reads the same file."""
    torch.manual_seed(0)
    ours, reference = UNet(config).eval(), theirs(config)
    reference.load_state_dict(carried_over(ours, reference))
    weights = Weights(repr(config), tmp_path, "diffusion", partial(UNet, config), lambda keys: {})
    assert tiny.model
    model = replace(tiny.model, weights=weights, context_dim=config.context_dim)
    adapter = written(tmp_path / "ip.safetensors", model, kind, 24)
    state = random_state(adapter.config)
    parts = {
        part: {k.removeprefix(f"{part}."): t for k, t in state.items() if k.startswith(f"{part}.")}
        for part in ("image_proj", "ip_adapter")
    }
    reference._load_ip_adapter_weights([parts], low_cpu_mem_usage=False)
    for processor in reference.attn_processors.values():
        processor.scale = [0.7]
    x, t, context = torch.randn(2, 4, 16, 24), torch.tensor([3.0, 700.0]), torch.randn(2, 7, 48)
    seen = torch.randn(2, 24) if kind == "linear" else torch.randn(2, 9, 24)
    told: dict[str, Any] = {"image_embeds": [seen[None].expand(2, *[-1] * seen.dim())]}
    vector = None
    if config.vector_channels:
        pooled, ids = torch.randn(2, 32), torch.rand(2, 6) * 100
        told |= {"text_embeds": pooled, "time_ids": ids}
        vector = torch.cat([pooled, reference.add_time_proj(ids.flatten()).reshape(2, -1)], 1)
    expected = reference(x, t, context, added_cond_kwargs=told).sample
    prompt = PicturePrompt(adapter, (seen, seen), 0.7, 10.0, 0.0)
    attends = {p: AttendToPictures(prompt, n) for p, n in _numbers(model, adapter).items()}
    hooks = model.hooked(attend_cross=attends).hooks
    found = ours(x, t, context, vector, watch=Watch(hooks, (0,), 3.0, (3.0, 0.0), (16, 24)))
    assert relative_error(ours(x, t, context, vector), expected) > 0.05
    assert relative_error(found, expected) < BOUND


@pytest.mark.parametrize(
    ("config", "count", "first", "last"),
    [(UNetConfig(), 16, ("input", 1, 0), 1280), (SDXL, 70, ("input", 4, 0), 1280)],
)
def test_the_published_files_number_the_attentions_of_full_models(
    config: UNetConfig, count: int, first: Any, last: int
) -> None:
    """SD 1.x has 16 of them (up to ``ip_adapter.31``), SDXL 70 (up to ``ip_adapter.139``)."""
    weights = Weights(repr(config), Path(), "diffusion", partial(UNet, config), lambda keys: {})
    found = cross_attentions(weights)
    assert len(found) == count and next(iter(found)) == first
    place, (channels, width) = list(found.items())[-1]
    assert place[0] == "middle" and (channels, width) == (last, config.context_dim)


def run(tiny: Checkpoint, model: Model | None = None, latent: Any = LATENT) -> Tensor:
    assert tiny.clip and tiny.model
    sides = [[[encode_text(tiny.clip, text)[0], {}]] for text in ("a cat", "a dog")]
    settings = {"seed": 1, "steps": 4, "cfg": 4.0, "sampler": "euler", "scheduler": "normal"}
    return sample(model or tiny.model, latent, *sides, **settings)["samples"]


def told(tiny: Checkpoint, adapter: IPAdapter, vision: ClipVision, **options: Any) -> Model:
    assert tiny.model
    return tell_pictures(tiny.model, adapter, vision, options.pop("image", PICTURE), **options)


def test_pictures_count_by_their_weight(
    tiny: Checkpoint, adapter: IPAdapter, vision: ClipVision
) -> None:
    plain = run(tiny)
    found = [
        float((run(tiny, told(tiny, adapter, vision, weight=w)) - plain).abs().mean())
        for w in (0.0, 0.05, 1.0)
    ]
    assert found[0] < 1e-5 < found[1] < found[2]
    assert torch.equal(run(tiny), plain)


def test_pictures_count_within_their_part_of_the_run(
    tiny: Checkpoint, adapter: IPAdapter, vision: ClipVision
) -> None:
    def at(start: float, end: float) -> Tensor:
        return run(tiny, told(tiny, adapter, vision, start_percent=start, end_percent=end))

    plain = run(tiny)
    assert torch.equal(at(0.45, 0.46), plain)
    different = [at(0.0, 1.0), at(0.0, 0.4), at(0.6, 1.0), plain]
    assert not any(torch.allclose(a, b) for i, a in enumerate(different) for b in different[:i])


def test_a_mask_keeps_pictures_away(
    tiny: Checkpoint, adapter: IPAdapter, vision: ClipVision
) -> None:
    nowhere = told(tiny, adapter, vision, mask=torch.zeros(1, 64, 64))
    everywhere = told(tiny, adapter, vision, mask=torch.ones(1, 64, 64))
    assert torch.allclose(run(tiny, nowhere), run(tiny), atol=1e-5)
    assert torch.allclose(run(tiny, everywhere), run(tiny, told(tiny, adapter, vision)), atol=1e-5)


def test_a_mask_is_fitted_to_each_feature_map(adapter: IPAdapter) -> None:
    left = torch.zeros(1, 8, 8)
    left[..., :4] = 1
    prompt = PicturePrompt(adapter, (torch.zeros(1), torch.zeros(1)), 1.0, 1.0, 0.0, mask=left)
    at = Watch(NO_HOOKS, (1, 0), 0.5, (), (4, 8)).where(("input", 1, 0), 1, (4, 8))
    found = prompt.masked(torch.ones(4, 32, 3), at).unflatten(1, (4, 8))
    assert torch.equal(found[:, :, :4], torch.ones(4, 4, 4, 3))
    assert not found[:, :, 4:].any()


def test_the_negative_side_is_told_of_nothing(
    tiny: Checkpoint, adapter: IPAdapter, vision: ClipVision
) -> None:
    """So that guidance points from nothing to the picture; its tokens come from zeros."""
    seen, nothing = features(adapter, vision, PICTURE)
    assert not nothing.any() and seen.any()
    prompt = PicturePrompt(adapter, (seen, nothing), 1.0, 9.0, 0.0)
    at = Watch(NO_HOOKS, (1, 0), 3.0, (), (4, 4)).where(("input", 1, 0), 1, (4, 4))
    keys, _ = prompt.keys_values(1, torch.zeros(6, 16, 8), at)
    assert keys.shape[:2] == (6, 4)
    assert torch.equal(keys[0], keys[2]) and torch.equal(keys[3], keys[5])
    assert not torch.allclose(keys[0], keys[3])


def test_pictures_tell_all_latents_together_or_each_its_own(
    tiny: Checkpoint, adapter: IPAdapter, vision: ClipVision
) -> None:
    pictures, latents = torch.cat([PICTURE, 1 - PICTURE]), {"samples": torch.zeros(2, 4, 16, 16)}

    def pair(**options: Any) -> Tensor:
        return run(tiny, told(tiny, adapter, vision, **options), latents)

    each, first = pair(image=pictures, together=False), pair(image=PICTURE)
    torch.testing.assert_close(each[:1], first[:1], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(each[1:], first[1:], atol=1e-3)
    twice = pair(image=torch.cat([PICTURE, PICTURE]))
    torch.testing.assert_close(twice, first, rtol=1e-3, atol=1e-3)


def test_adapters_can_be_chained(tiny: Checkpoint, adapter: IPAdapter, vision: ClipVision) -> None:
    once = told(tiny, adapter, vision, weight=0.6)
    half = told(tiny, adapter, vision, weight=0.3)
    twice = tell_pictures(half, adapter, vision, PICTURE, weight=0.3)
    torch.testing.assert_close(run(tiny, twice), run(tiny, once), rtol=1e-3, atol=1e-3)


def test_plus_reads_states_and_its_nothing_is_a_mean_picture(
    tiny: Checkpoint, vision: ClipVision, tmp_path: Path
) -> None:
    assert tiny.model
    plus = written(tmp_path / "plus.safetensors", tiny.model, "plus", VISION.width)
    seen, nothing = features(plus, vision, PICTURE)
    assert seen.shape == nothing.shape == (1, 5, VISION.width) and nothing.any()
    assert not torch.allclose(run(tiny, told(tiny, plus, vision)), run(tiny))


def test_handles_survive_a_restart(adapter: IPAdapter) -> None:
    register_handles()
    assert decode(*encode(Entry(([adapter],), {}, 0.0))).values == ([adapter],)


def test_pickled_files_nest_their_tensors(adapter: IPAdapter, tmp_path: Path) -> None:
    nested: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for key, tensor in random_state(adapter.config).items():
        part, name = key.split(".", 1)
        nested[part][name] = tensor
    torch.save(nested, tmp_path / "ip.bin")
    found = load_ip_adapter(tmp_path / "ip.bin")
    assert found.config == adapter.config
    pair = [residency.load(a.weights).state_dict() for a in (found, adapter)]
    assert all(torch.equal(pair[0][k], t) for k, t in pair[1].items())


def test_what_does_not_fit_is_refused(
    tiny: Checkpoint, adapter: IPAdapter, vision: ClipVision, tmp_path: Path
) -> None:
    assert tiny.model
    other = written(tmp_path / "other.safetensors", tiny.model, "linear", vision.width + 8)
    with pytest.raises(InvalidInput, match="reads 56 features of a picture"):
        told(tiny, other, vision)
    fewer = replace(adapter, config=replace(adapter.config, places=adapter.config.places[:2]))
    with pytest.raises(InvalidInput, match="models with 2 cross-attentions"):
        told(tiny, fewer, vision)
    face = {"ip_adapter.1.to_k_ip.weight": torch.zeros(8, 4)}
    face |= {"image_proj.proj.0.weight": torch.zeros(8, 8)}
    save_file(face, tmp_path / "face.safetensors")
    with pytest.raises(ModelFileError, match="face recogniser"):
        load_ip_adapter(tmp_path / "face.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelFileError, match="holds no IP-Adapter"):
        load_ip_adapter(tmp_path / "x.safetensors")
