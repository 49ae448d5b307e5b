"""Packs that add samplers, schedulers, families and routes by name."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import compat
from engine.diffusion.families import FAMILIES
from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.schedules import SCHEDULERS
from engine.folders import standard
from engine.plugins.discovery import Catalogue, load
from engine.plugins.lists import grown
from engine.plugins.node import Context
from engine.plugins.serving import SERVING
from tests.live import make_base

PACKS = Path(__file__).parents[1] / "packs"


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    folders = standard(make_base(tmp_path_factory.mktemp("registering") / "base"))
    folders.create()
    before, families = (dict(SAMPLERS), dict(SCHEDULERS)), list(FAMILIES)
    compat.install(folders, {})
    paths = [PACKS / "registering.py", PACKS / "classic_names.py"]
    found = load(paths, partial(compat.install, folders), after=compat.adopt)
    assert [pack.error for pack in found.packs] == ["", ""]
    yield found
    for table, known in zip((SAMPLERS, SCHEDULERS), before, strict=True):
        table.clear()  # type: ignore[attr-defined]
        table.update(known)  # type: ignore[arg-type]
    FAMILIES[:] = families
    SERVING.routes._items.clear()
    for name in [n for n in sys.modules if n.partition(".")[0] in ("comfy", "latent_preview")]:
        del sys.modules[name]


def sampled(catalogue: Catalogue, sampler: str, scheduler: str, steps: int = 4) -> torch.Tensor:
    from engine.compat import state

    def call(id: str, **inputs: Any) -> Any:
        ctx = Context("1", state.folders, {}, lambda *report: None, lambda: None)
        output: Any = catalogue.nodes[id].call(inputs, ctx)
        return output if isinstance(output, tuple) else output.values

    model, clip, _ = call("CheckpointLoaderSimple", ckpt_name="loom-tiny.safetensors")
    (latent,) = call("EmptyLatentImage", width=64, height=64, batch_size=1)
    (side,) = call("CLIPTextEncode", clip=clip, text="an apple")
    sides = {"positive": side, "negative": side}
    given = {"seed": 1, "steps": steps, "cfg": 2.0, "denoise": 1.0, "latent_image": latent}
    names = {"sampler_name": sampler, "scheduler": scheduler}
    (made,) = call("KSampler", model=model, **sides, **given, **names)
    samples: torch.Tensor = made["samples"]
    return samples


def test_every_list_offers_the_new_names(catalogue: Catalogue) -> None:
    by_name = {i.name: i for i in catalogue.nodes["KSampler"].spec.inputs}
    assert {"half_euler", "named_euler"} <= set(by_name["sampler_name"].choices or ())
    assert {"straight", "named_karras", "named_karras_n"} <= set(by_name["scheduler"].choices or ())
    assert (by_name["sampler_name"].choices or ())[0] == "euler"
    selects = {i.name: i for i in catalogue.nodes["KSamplerSelect"].spec.inputs}
    assert "half_euler" in (selects["sampler_name"].choices or ())


def test_a_longer_list_is_another_version_and_stays_it(catalogue: Catalogue) -> None:
    from engine.plugins.discovery import builtin_nodes

    plain, spec = dict(builtin_nodes())["KSampler"].spec, catalogue.nodes["KSampler"].spec
    assert spec.version != plain.version
    assert grown(catalogue.nodes)["KSampler"].spec.version == spec.version
    untouched = dict(builtin_nodes())["VAEDecode"].spec.version
    assert catalogue.nodes["VAEDecode"].spec.version == untouched


def test_names_lead_to_what_was_registered(catalogue: Catalogue) -> None:
    euler = sampled(catalogue, "euler", "karras")
    close = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-4)
    close(sampled(catalogue, "named_euler", "karras"), euler)
    close(sampled(catalogue, "euler", "named_karras"), euler)
    close(sampled(catalogue, "euler", "named_karras_n"), euler)
    assert (sampled(catalogue, "half_euler", "karras") - euler).abs().max() > 1e-3
    assert (sampled(catalogue, "euler", "straight") - euler).abs().max() > 1e-3


def test_families_stand_once_and_the_last_registered_is_asked_first(catalogue: Catalogue) -> None:
    names = [family.name for family in FAMILIES]
    assert names[0] == "SDXL" and len(names) == len(set(names))


def test_events_and_routes_reach_the_server(catalogue: Catalogue) -> None:
    told: list[Any] = []
    before, SERVING.send = SERVING.send, lambda *event: told.append(event)
    try:
        ctx: Any = None
        catalogue.nodes["RegisteringTell"].call({"number": 3}, ctx)
    finally:
        SERVING.send = before
    assert told == [("registering", {"number": 3}, None)]
    assert [route.path for route in SERVING.routes] == ["/registering"]  # type: ignore[attr-defined]
