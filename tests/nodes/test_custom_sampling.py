"""Sampling in parts gives what the plain samplers give, and every patch of a model works."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion import residency
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families import Checkpoint
from engine.diffusion.sample import sample
from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.schedules import sigmas_for
from engine.diffusion.text.encode import encode
from engine.folders import standard
from engine.plugins.discovery import builtin_nodes
from engine.plugins.node import Context, Output
from tests.tiny_checkpoint import write_tiny_checkpoint

NODES = {node.spec.id: node for _, node in builtin_nodes()}
LATENT = {"samples": torch.zeros(1, 4, 16, 16)}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path)


@pytest.fixture(scope="module")
def sides(tiny: Checkpoint) -> dict[str, Any]:
    assert tiny.clip
    texts = {"positive": "a cat", "negative": "a dog", "empty": ""}
    return {role: [[encode(tiny.clip, text)[0], {}]] for role, text in texts.items()}


def call(id: str, tmp_path: Any = None, **inputs: Any) -> Any:
    """The values of a node, with defaults for what is not given."""
    node = NODES[id]
    defaults = {
        item.name: item.options.get("default", item.choices[0] if item.choices else None)
        for item in node.spec.inputs
        if item.name not in inputs and (item.choices or "default" in item.options)
    }
    folders = standard(tmp_path or __import__("pathlib").Path("nowhere"))
    context = Context("1", folders, {}, lambda *report: None, lambda: None)
    output = node.call({**defaults, **inputs}, context)
    assert isinstance(output, Output)
    return output.values[0] if len(output.values) == 1 else output.values


def run(tiny: Checkpoint, sides: dict[str, Any], model: Any = None, **options: Any) -> Tensor:
    """A short guided run of a model."""
    settings = {"seed": 1, "steps": 4, "cfg": 4.0, "sampler": "euler", "scheduler": "normal"}
    settings |= options
    latent = settings.pop("latent", LATENT)
    model = model or tiny.model
    return sample(model, latent, sides["positive"], sides["negative"], **settings)["samples"]


def test_the_parts_together_are_the_plain_sampler(tiny: Checkpoint, sides: Any) -> None:
    sigmas = call("BasicScheduler", model=tiny.model, scheduler="karras", steps=5)
    sampler = call("KSamplerSelect", sampler_name="dpmpp_2m_sde")
    pair = {"positive": sides["positive"], "negative": sides["negative"]}
    guider = call("CFGGuider", model=tiny.model, cfg=4.0, **pair)
    noise = call("RandomNoise", noise_seed=1)
    shared = {"sampler": sampler, "sigmas": sigmas, "latent_image": LATENT}
    advanced, seen = call("SamplerCustomAdvanced", noise=noise, guider=guider, **shared)
    custom, _ = call("SamplerCustom", model=tiny.model, noise_seed=1, cfg=4.0, **pair, **shared)
    plain = run(tiny, sides, sampler="dpmpp_2m_sde", scheduler="karras", steps=5)
    assert torch.equal(advanced["samples"], plain) and torch.equal(custom["samples"], plain)
    assert torch.allclose(seen["samples"], plain, atol=1e-4)  # the last step lands on it


def test_the_clean_latent_of_an_unfinished_run_is_handed_over(tiny: Checkpoint, sides: Any) -> None:
    sigmas = call("BasicScheduler", model=tiny.model, scheduler="normal", steps=6)
    high, low = call("SplitSigmas", sigmas=sigmas, step=3)
    guider = call("BasicGuider", model=tiny.model, conditioning=sides["positive"])
    sampler = SAMPLERS["euler"]
    first, seen = call(
        "SamplerCustomAdvanced",
        noise=call("RandomNoise", noise_seed=3),
        guider=guider,
        sampler=sampler,
        sigmas=high,
        latent_image=LATENT,
    )
    assert not torch.allclose(seen["samples"], first["samples"], rtol=1e-2)
    second, _ = call(
        "SamplerCustomAdvanced",
        noise=call("DisableNoise"),
        guider=guider,
        sampler=sampler,
        sigmas=low,
        latent_image=first,
    )
    whole = run(tiny, sides, seed=3, cfg=1.0, steps=6)
    assert torch.allclose(second["samples"], whole, rtol=1e-3, atol=1e-3)


def test_noise_per_item_does_not_depend_on_the_batch() -> None:
    noise = call("RandomNoise", noise_seed=5, per_item=True)
    batch = noise({"samples": torch.zeros(3, 4, 8, 8)})
    alone = call("RandomNoise", noise_seed=7, per_item=True)({"samples": torch.zeros(1, 4, 8, 8)})
    assert torch.equal(batch[2:], alone)


def test_added_noise_is_what_a_run_would_remove(tiny: Checkpoint) -> None:
    clean = {"samples": torch.randn(1, 4, 8, 8)}
    sigmas = torch.tensor([3.0, 1.0])
    noise = call("RandomNoise", noise_seed=5)
    noisy = call("AddNoise", model=tiny.model, noise=noise, sigmas=sigmas, latent_image=clean)
    expected = clean["samples"] + noise(clean) * 2.0 / tiny.model.latent_format.scale
    assert torch.allclose(noisy["samples"], expected, atol=1e-4)
    same = call("AddNoise", model=tiny.model, noise=noise, sigmas=sigmas[:0], latent_image=clean)
    assert same is clean


@pytest.mark.parametrize("style", ["regular", "nested"])
def test_dual_guidance_with_equal_sides_is_plain(tiny: Checkpoint, sides: Any, style: str) -> None:
    """With the middle equal to the positive side only the inner scale counts."""
    guider = call(
        "DualCFGGuider",
        model=tiny.model,
        cond1=sides["positive"],
        cond2=sides["positive"],
        negative=sides["negative"],
        cfg_conds=3.0 if style == "regular" else 1.0,
        cfg_cond2_negative=4.0,
        style=style,
    )
    result = sampled(tiny, guider)
    plain = run(tiny, sides) if style == "regular" else run(tiny, sides, cfg=1.0)
    assert torch.allclose(result, plain, rtol=1e-3, atol=1e-3)


def sampled(tiny: Checkpoint, guider: Any) -> Tensor:
    result, _ = call(
        "SamplerCustomAdvanced",
        noise=call("RandomNoise", noise_seed=1),
        guider=guider,
        sampler=SAMPLERS["euler"],
        sigmas=sigmas_for(tiny.model.sampling, "normal", 4),
        latent_image=LATENT,
    )
    return result["samples"]


def test_perp_neg_as_a_guider_and_as_a_patch_agree(tiny: Checkpoint, sides: Any) -> None:
    pair = {"positive": sides["positive"], "negative": sides["negative"]}
    options = {"empty_conditioning": sides["empty"], "neg_scale": 0.7}
    guider = call("PerpNegGuider", model=tiny.model, cfg=4.0, **pair, **options)
    patched = run(tiny, sides, call("PerpNeg", model=tiny.model, **options))
    assert torch.allclose(sampled(tiny, guider), patched, rtol=1e-4, atol=1e-4)


#: Patches with settings under which they change nothing.
IDLE = {
    "RescaleCFG": {"multiplier": 0.0},
    "RenormCFG": {"renorm_cfg": 0.0},
    "APG": {"eta": 1.0, "norm_threshold": 0.0},
    "Epsilon Scaling": {"scaling_factor": 1.0},
    "FreSca": {"scale_low": 1.0, "scale_high": 1.0},
    "SelfAttentionGuidance": {"scale": 0.0},
    "PerturbedAttentionGuidance": {"scale": 0.0},
    "FreeU": {"b1": 1.0, "b2": 1.0, "s1": 1.0, "s2": 1.0},
    "FreeU_V2": {"b1": 1.0, "b2": 1.0, "s1": 1.0, "s2": 1.0},
    "HyperTile": {"tile_size": 2048},
    "TomePatchModel": {"ratio": 0.0},
    "PatchModelAddDownscale": {"end_percent": 0.0},
    "EasyCache": {"reuse_threshold": 0.0},
    "LazyCache": {"reuse_threshold": 0.0},
    "UNetSelfAttentionMultiply": {},
    "UNetCrossAttentionMultiply": {},
}
#: And with settings under which they do.
BUSY: dict[str, dict[str, Any]] = {
    "RescaleCFG": {"multiplier": 1.0},
    "RenormCFG": {"renorm_cfg": 0.5},
    "APG": {"eta": 0.0, "norm_threshold": 1.0, "momentum": -0.5},
    "CFGZeroStar": {},
    "TCFG": {},
    "CFGNorm": {},
    "Mahiro": {},
    "FreSca": {"scale_high": 2.0, "freq_cutoff": 2},
    "Epsilon Scaling": {"scaling_factor": 1.1},
    "DynamicThresholding": {"percentile": 0.9},
    "SelfAttentionGuidance": {"scale": 1.0},
    "PerturbedAttentionGuidance": {"scale": 3.0},
    "FreeU": {},
    "FreeU_V2": {},
    "HyperTile": {"tile_size": 32, "max_depth": 2},
    "TomePatchModel": {"ratio": 0.5},
    "PatchModelAddDownscale": {"block_number": 1},
    "EasyCache": {"reuse_threshold": 3.0, "start_percent": 0.0, "end_percent": 1.0},
    "LazyCache": {"reuse_threshold": 3.0, "start_percent": 0.0, "end_percent": 1.0},
    "UNetSelfAttentionMultiply": {"q": 2.0, "out": 0.5},
    "UNetCrossAttentionMultiply": {"k": 0.2, "v": 3.0},
}


@pytest.mark.parametrize("id", IDLE)
def test_a_patch_that_shall_do_nothing_does_nothing(tiny: Checkpoint, sides: Any, id: str) -> None:
    model = call(id, model=tiny.model, **IDLE[id])
    assert torch.allclose(run(tiny, sides, model), run(tiny, sides), rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("id", BUSY)
def test_a_patch_changes_the_picture_and_leaves_the_model_alone(
    tiny: Checkpoint, sides: Any, id: str
) -> None:
    before = run(tiny, sides)
    model = call(id, model=tiny.model, **BUSY[id])
    changed = run(tiny, sides, model, steps=6)
    assert changed.isfinite().all()
    assert not torch.allclose(changed, run(tiny, sides, steps=6), atol=1e-3)
    assert torch.equal(run(tiny, sides, model, steps=6), changed)  # nothing is left of a run
    assert torch.equal(run(tiny, sides), before)


def test_patches_of_one_kind_add_up(tiny: Checkpoint, sides: Any) -> None:
    once = call("Epsilon Scaling", model=tiny.model, scaling_factor=1.1)
    twice = call("Epsilon Scaling", model=once, scaling_factor=1.1)
    direct = call("Epsilon Scaling", model=tiny.model, scaling_factor=1.21)
    assert torch.allclose(run(tiny, sides, twice), run(tiny, sides, direct), rtol=1e-3, atol=1e-3)


def test_differential_diffusion_changes_grey_areas_less(tiny: Checkpoint, sides: Any) -> None:
    mask = torch.zeros(1, 128, 128)
    mask[..., 40:80], mask[..., 80:] = 0.5, 1.0
    original = {"samples": torch.randn(1, 4, 16, 16), "noise_mask": mask}
    model = call("DifferentialDiffusion", model=tiny.model)
    result = run(tiny, sides, model, latent=original, steps=8)
    moved = (result - original["samples"]).abs().mean((0, 1, 2))
    assert moved[:4].max() < 1e-4 < moved[6:9].mean() < moved[12:].mean()


def test_a_compiled_model_gives_the_same(tiny: Checkpoint, sides: Any) -> None:
    model = tiny.model.hooked(compiled="eager")
    assert torch.allclose(run(tiny, sides, model), run(tiny, sides), rtol=1e-4, atol=1e-4)


def test_a_model_computes_in_the_precision_asked_for(tiny: Checkpoint, sides: Any) -> None:
    """The last wish counts, the model itself stays, and half precision is near the exact one."""
    found = {}
    for name, dtype in residency.PRECISIONS.items():
        model = call("ModelComputeDtype", model=tiny.model, dtype=name)
        again = call("ModelComputeDtype", model=model, dtype="fp32")
        assert next(residency.load(model.weights).parameters()).dtype == dtype
        assert again == call("ModelComputeDtype", model=tiny.model, dtype="fp32")
        assert call("ModelComputeDtype", model=model, dtype="default") == tiny.model
        found[name] = run(tiny, sides, model)
    off = {k: ((v - found["fp32"]).norm() / found["fp32"].norm()).item() for k, v in found.items()}
    assert 0 < off["fp16"] < 3e-3 and off["fp16"] < off["bf16"] < 3e-2  # 1.6e-3 and 1.2e-2


def test_all_models_are_compiled_on_request(
    tiny: Checkpoint, sides: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(residency.residency(), "limits", residency.Limits(compiled="inductor"))
    monkeypatch.setattr(
        "engine.diffusion.sample.compiled", lambda network, by: asked.append(by) or network
    )
    run(tiny, sides)
    assert asked == ["inductor"]


@pytest.mark.parametrize("id", sorted(id for id in NODES if id.startswith("Sampler")))
def test_every_sampler_node_gives_a_sampler_that_runs(
    tiny: Checkpoint, sides: Any, id: str
) -> None:
    if id.startswith("SamplerCustom"):
        return
    flags = {"use_pece": True, "simple_order_2": True} if id == "SamplerSASolver" else {}
    more = {"model": tiny.model, **flags} if id == "SamplerSASolver" else {}
    sampler = call(id, **more)
    guider = call("CFGGuider", model=tiny.model, cfg=4.0, **pair_of(sides))
    result, _ = call(
        "SamplerCustomAdvanced",
        noise=call("RandomNoise", noise_seed=1),
        guider=guider,
        sampler=sampler,
        sigmas=sigmas_for(tiny.model.sampling, "karras", 5),
        latent_image=LATENT,
    )
    assert result["samples"].isfinite().all() and sampler.name


def pair_of(sides: dict[str, Any]) -> dict[str, Any]:
    return {role: sides[role] for role in ("positive", "negative")}


#: Samplers with options, and the name whose result they give by default.
NAMED = {
    "SamplerEulerAncestral": "euler_ancestral",
    "SamplerEulerAncestralCFGPP": "euler_ancestral_cfg_pp",
    "SamplerEulerCFGpp": "euler_cfg_pp",
    "SamplerLCMUpscale": "lcm",
    "SamplerLMS": "lms",
    "SamplerDPMPP_2S_Ancestral": "dpmpp_2s_ancestral",
    "SamplerDPMPP_SDE": "dpmpp_sde",
    "SamplerDPMPP_2M_SDE": "dpmpp_2m_sde",
    "SamplerDPMPP_3M_SDE": "dpmpp_3m_sde",
    "SamplerER_SDE": "er_sde",
    "SamplerDPMAdaptative": "dpm_adaptive",
}


@pytest.mark.parametrize("id", NAMED)
def test_a_sampler_node_with_its_defaults_is_the_named_sampler(
    tiny: Checkpoint, sides: Any, id: str
) -> None:
    sampler = call(id)
    steps = {"steps": 4, "scheduler": "karras"}
    named = run(tiny, sides, sampler=NAMED[id], **steps)
    guider = call("CFGGuider", model=tiny.model, cfg=4.0, **pair_of(sides))
    result, _ = call(
        "SamplerCustomAdvanced",
        noise=call("RandomNoise", noise_seed=1),
        guider=guider,
        sampler=replace(sampler),
        sigmas=sigmas_for(tiny.model.sampling, "karras", 4),
        latent_image=LATENT,
    )
    assert torch.equal(result["samples"], named)
