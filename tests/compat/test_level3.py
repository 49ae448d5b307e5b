"""Packs that change models: what they say of a run is what runs, and nothing else changes.

Each way is checked against the engine's own nodes, or against what it must not change.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine import compat
from engine.compat.missing import MissingSymbol
from engine.compat.needs import needs_of
from engine.diffusion import residency
from engine.diffusion.handles import Clip, Model, Vae
from engine.folders import Folders, standard
from engine.plugins.discovery import builtin_nodes, load_pack
from engine.plugins.node import Context, Node
from tests.live import make_base

PACK = Path(__file__).parents[1] / "packs" / "classic_level3.py"
#: Ways that leave a picture as it is, to float32 rounding.
SAME = [
    "plain_cfg",
    "pre_cfg",
    "same_attention",
    "same_wrapper",
    "same_sampling",
    "other_network",
    "all_wrappers",
    "mask",
    "injected",
]
DIFFERENT = [
    "post_cfg",
    "stronger_text",
    "weaker_self",
    "blocks",
    "no_text",
    "other_noise",
    "same_velocity",
    "other_middle",
    "weights",
    "options_by_hand",
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folders]:
    found = standard(make_base(tmp_path_factory.mktemp("level3") / "base"))
    found.create()
    compat.install(found, dict(builtin_nodes()))
    yield found
    for name in [n for n in sys.modules if n.partition(".")[0] in ("comfy", "latent_preview")]:
        del sys.modules[name]


class Bench:
    """Calls nodes, built-in ones and those of the pack."""

    def __init__(self, folders: Folders) -> None:
        found, pack = load_pack(PACK)
        assert not pack.error
        self.folders, self.pack = folders, found
        self.nodes: dict[str, Node] = {**dict(builtin_nodes()), **found}
        (self.module,) = (m for n, m in sys.modules.items() if n.endswith("classic_level3"))
        loaded = self("CheckpointLoaderSimple", ckpt_name="loom-tiny.safetensors")
        self.model, self.clip, self.vae = loaded
        (self.latent,) = self("EmptyLatentImage", width=64, height=64, batch_size=1)
        self.sides = [
            self("CLIPTextEncode", clip=self.clip, text=text)[0] for text in ("an apple", "")
        ]

    def __call__(self, id: str, **inputs: Any) -> tuple[Any, ...]:
        ctx = Context("3", self.folders, {}, lambda *report: None, lambda: None)
        node = self.nodes[id]
        defaults = {
            i.name: i.options["default"] for i in node.spec.inputs if "default" in i.options
        }
        output: Any = node.call({**defaults, **inputs}, ctx)
        return output if isinstance(output, tuple) else output.values

    def seen(self) -> list[Any]:
        found, self.module.SEEN[:] = list(self.module.SEEN), []  # type: ignore[attr-defined]
        return found

    def patched(self, how: str) -> Model:
        (model,) = self("Level3Model", model=self.model, how=how)
        assert isinstance(model, Model)
        return model

    def sampled(self, model: Any, cfg: float = 4.0, **more: Any) -> Tensor:
        given: dict[str, Any] = {"seed": 5, "steps": 3, "denoise": 1.0, "latent_image": self.latent}
        given |= {"sampler_name": "euler", "scheduler": "karras", "cfg": cfg}
        given |= {"positive": self.sides[0], "negative": self.sides[1]}
        (made,) = self("KSampler", model=model, **{**given, **more})
        samples: Tensor = made["samples"]
        return samples


@pytest.fixture(scope="module")
def bench(folders: Folders) -> Bench:
    return Bench(folders)


@pytest.fixture(scope="module")
def plain(bench: Bench) -> Tensor:
    return bench.sampled(bench.model)


@pytest.mark.parametrize("how", SAME)
def test_what_says_the_same_in_other_words_gives_the_same(
    bench: Bench, plain: Tensor, how: str
) -> None:
    made = bench.sampled(bench.patched(how))
    torch.testing.assert_close(made, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("how", DIFFERENT)
def test_what_changes_a_model_changes_its_clone_alone(
    bench: Bench, plain: Tensor, how: str
) -> None:
    made = bench.sampled(bench.patched(how))
    assert made.isfinite().all() and (made - plain).abs().max() > 1e-3
    assert torch.equal(bench.sampled(bench.model), plain)


def test_functions_are_called_where_and_as_often_as_they_should(bench: Bench) -> None:
    bench.seen()
    bench.sampled(bench.patched("plain_cfg"))
    assert bench.seen() == [("cfg", (1,), (1, 4, 8, 8))] * 3
    bench.sampled(bench.patched("same_attention"))
    places = {place[1] for place in bench.seen()}
    assert places == {"input", "output"}
    bench.sampled(bench.patched("all_wrappers"))
    seen = bench.seen()
    assert seen[:4] == ["before", "outer_sample", "prepare_sampling", "sampler_sample"]
    assert seen[4:8] == ["predict_noise", "calc_cond_batch", "apply_model", "diffusion_model"]
    assert seen[4:] == seen[4:8] * 3 + ["behind"]
    bench.sampled(bench.patched("injected"))
    assert bench.seen() == ["in", "out"]


def test_an_evaluation_under_changed_options_is_perturbed_attention_guidance(
    bench: Bench,
) -> None:
    (own,) = bench("PerturbedAttentionGuidance", model=bench.model, scale=3.0)
    made = bench.sampled(bench.patched("perturbed"))
    torch.testing.assert_close(made, bench.sampled(own), rtol=1e-4, atol=1e-4)


def test_functions_of_packs_and_of_nodes_work_together(bench: Bench) -> None:
    (own,) = bench("RescaleCFG", model=bench.model, multiplier=0.7)
    (both,) = bench("Level3Model", model=own, how="same_wrapper")
    torch.testing.assert_close(bench.sampled(both), bench.sampled(own), rtol=1e-4, atol=1e-4)
    (behind,) = bench("RescaleCFG", model=bench.patched("weaker_self"), multiplier=0.0)
    (again,) = bench("Level3Model", model=behind, how="same_attention")
    once = bench.sampled(bench.patched("weaker_self"))
    torch.testing.assert_close(bench.sampled(again), once, rtol=1e-4, atol=1e-4)


def test_guidance_at_one_sees_both_sides_only_for_those_who_ask(bench: Bench) -> None:
    alone = bench.sampled(bench.model, cfg=1.0)
    halved = bench.sampled(bench.patched("post_cfg"), cfg=1.0)
    assert (halved - alone).abs().max() > 1e-3


def test_noise_of_a_pack_starts_a_run(bench: Bench) -> None:
    (guider,) = bench(
        "CFGGuider", model=bench.model, positive=bench.sides[0], negative=bench.sides[1], cfg=4.0
    )
    (source,) = bench("Level3Noise")
    (sampler,) = bench("KSamplerSelect", sampler_name="euler")
    (sigmas,) = bench("BasicScheduler", model=bench.model, scheduler="karras", steps=3, denoise=1.0)
    run = {"sampler": sampler, "sigmas": sigmas, "latent_image": bench.latent}
    first, _ = bench("SamplerCustomAdvanced", noise=source, guider=guider, **run)
    (again,) = bench("Level3Noise", noise=source)
    second, _ = bench("SamplerCustomAdvanced", noise=again, guider=guider, **run)
    assert torch.equal(first["samples"], second["samples"])
    assert first["samples"].isfinite().all()


@pytest.mark.parametrize("which", ["own", "euler", "dpmpp_2m", "heun"])
def test_a_loop_over_all_steps_is_a_sampler(bench: Bench, which: str) -> None:
    (sampler,) = bench("Level3Sampler", which=which)
    (sigmas,) = bench("BasicScheduler", model=bench.model, scheduler="karras", steps=4, denoise=1.0)
    name = "euler" if which == "own" else which
    told: list[Any] = []
    ctx = Context("3", bench.folders, {}, lambda *report: told.append(report[:2]), lambda: None)
    given = {"model": bench.model, "add_noise": True, "noise_seed": 5, "cfg": 4.0}
    given |= {"positive": bench.sides[0], "negative": bench.sides[1], "sigmas": sigmas}
    given |= {"sampler": sampler, "latent_image": bench.latent}
    output: Any = bench.nodes["SamplerCustom"].call(given, ctx)
    made = output[0] if isinstance(output, tuple) else output.values[0]
    whole = bench.sampled(bench.model, steps=4, sampler_name=name)
    torch.testing.assert_close(made["samples"], whole, rtol=1e-4, atol=1e-4)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_guider_of_a_pack_decides_what_is_seen(bench: Bench) -> None:
    (sampler,) = bench("KSamplerSelect", sampler_name="euler")
    (sigmas,) = bench("BasicScheduler", model=bench.model, scheduler="karras", steps=3, denoise=1.0)
    (noise,) = bench("RandomNoise", noise_seed=5)

    def run(model: Model, twice: bool, cfg: float) -> Tensor:
        sides = {"positive": bench.sides[0], "negative": bench.sides[1]}
        (guider,) = bench("Level3Guider", model=model, cfg=cfg, twice=twice, **sides)
        made, _ = bench(
            "SamplerCustomAdvanced",
            noise=noise,
            guider=guider,
            sampler=sampler,
            sigmas=sigmas,
            latent_image=bench.latent,
        )
        samples: Tensor = made["samples"]
        return samples

    close: Callable[..., None] = lambda a, b: torch.testing.assert_close(  # noqa: E731
        a, b, rtol=1e-4, atol=1e-4
    )
    bench.seen()
    close(run(bench.model, False, 4.0), bench.sampled(bench.model))
    assert bench.seen() == ["predicted"] * 3
    close(run(bench.model, True, 2.0), bench.sampled(bench.model))
    (own,) = bench("RescaleCFG", model=bench.model, multiplier=0.7)
    close(run(own, False, 4.0), bench.sampled(own))
    perturbed = bench.patched("perturbed")
    close(run(perturbed, False, 4.0), bench.sampled(perturbed))


def test_merging_by_keys_is_what_the_merging_node_does(bench: Bench) -> None:
    other = bench.patched("weights")
    (merged,) = bench("Level3Merge", model=bench.model, other=other, ratio=0.25)
    (own,) = bench("ModelMergeSimple", model1=bench.model, model2=other, ratio=0.25)
    torch.testing.assert_close(bench.sampled(merged), bench.sampled(own), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("by_keys", [False, True])
def test_a_lora_is_what_the_loader_makes_of_it(bench: Bench, tmp_path: Path, by_keys: bool) -> None:
    from safetensors.torch import save_file

    torch.manual_seed(0)
    keys = residency.load(bench.model.weights).state_dict()
    place = next(k for k in keys if k.endswith("attn2.to_q.weight"))
    out, into = keys[place].shape
    flat = "lora_unet_" + place.removesuffix(".weight").replace(".", "_")
    text = next(
        k
        for k in residency.load(bench.clip.encoders[0].weights).state_dict()
        if k.endswith("q_proj.weight")
    )
    width = residency.load(bench.clip.encoders[0].weights).state_dict()[text].shape[0]
    flat_text = "lora_te_" + text.removesuffix(".weight").replace(".", "_")
    tensors = {
        f"{flat}.lora_up.weight": torch.randn(out, 2),
        f"{flat}.lora_down.weight": torch.randn(2, into),
        f"{flat}.alpha": torch.tensor(1.0),
        f"{flat_text}.lora_up.weight": torch.randn(width, 2),
        f"{flat_text}.lora_down.weight": torch.randn(2, width),
    }
    folder = bench.folders.models["loras"][0]
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "level3.safetensors")
    given = {"model": bench.model, "clip": bench.clip}
    model, clip = bench(
        "Level3Lora", path=str(folder / "level3.safetensors"), by_keys=by_keys, **given
    )
    own_model, own_clip = bench(
        "LoraLoader", lora_name="level3.safetensors", strength_model=0.8, strength_clip=0.5, **given
    )
    torch.testing.assert_close(bench.sampled(model), bench.sampled(own_model))
    (made,), (own,) = (bench("CLIPTextEncode", clip=c, text="a pear") for c in (clip, own_clip))
    (bare,) = bench("CLIPTextEncode", clip=bench.clip, text="a pear")
    torch.testing.assert_close(made[0][0], own[0][0])
    assert not torch.equal(made[0][0], bare[0][0])


@pytest.mark.parametrize("skip", [1, 2])
def test_texts_are_encoded_as_the_node_does(bench: Bench, skip: int) -> None:
    given = {"text": "a (red:1.3) apple, embedding:nothing", "clip": bench.clip}
    by_parts, scheduled = bench("Level3Encode", skip=skip, **given)
    (clip,) = bench("CLIPSetLastLayer", clip=bench.clip, stop_at_clip_layer=-skip)
    (own,) = bench("CLIPTextEncode", clip=clip, text=given["text"])
    for made in (by_parts, scheduled):
        assert torch.equal(made[0][0], own[0][0])
        assert torch.equal(made[0][1]["pooled_output"], own[0][1]["pooled_output"])


@pytest.mark.parametrize("tiled", [False, True])
def test_pictures_go_through_the_autoencoder_as_in_the_nodes(bench: Bench, tiled: bool) -> None:
    pixels = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    latent, image = bench("Level3Vae", vae=bench.vae, pixels=pixels, tiled=tiled)
    sizes = {"tile_size": 64, "overlap": 0} if tiled else {}
    kind = "Tiled" if tiled else ""
    (own,) = bench(f"VAEEncode{kind}", pixels=pixels, vae=bench.vae, **sizes)
    (own_image,) = bench(f"VAEDecode{kind}", samples=own, vae=bench.vae, **sizes)
    assert torch.equal(latent["samples"], own["samples"])
    assert torch.equal(image, own_image)


def test_a_pack_may_take_its_copy_of_a_network_apart(bench: Bench, plain: Tensor) -> None:
    (said,) = bench("Level3Look", model=bench.model)
    assert said.startswith("EPS ")
    assert torch.equal(bench.sampled(bench.model), plain)


def test_what_comes_back_untouched_is_what_went_in(bench: Bench) -> None:
    from engine.compat.faces import put_on, take_off

    for handle, kind in ((bench.model, Model), (bench.clip, Clip), (bench.vae, Vae)):
        assert not isinstance(put_on(handle), kind) and take_off(put_on(handle)) == handle
    listed = [bench.model, 3]
    assert take_off(put_on(listed)) == listed and put_on([1, 2]) == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.set_model_double_block_patch(len),
        lambda m: m.add_object_patch("something_else", 1),
        lambda m: m.set_model_patch_replace(len, "dit", "double_block", 0),
        lambda m: m.add_patches({"diffusion_model.out.0.weight": ("loha", ())}),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(bench: Bench, change: Callable[[Any], Any]) -> None:
    from engine.compat.faces import put_on

    with pytest.raises(MissingSymbol, match="which Latent Loom does not have"):
        change(put_on(bench.model))


def test_nothing_that_this_pack_needs_is_missing(bench: Bench) -> None:
    needs = needs_of(PACK)
    assert len(needs) >= 15 and [need.name for need in needs if not need.is_there] == []
    assert 3 in {need.level for need in needs}
