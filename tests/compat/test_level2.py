"""Packs that work with the built-in nodes as classes, with samplers and previews."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import compat
from engine.compat.missing import Missing
from engine.compat.needs import needs_of
from engine.folders import Folders, standard
from engine.plugins.discovery import builtin_nodes, load_pack
from engine.plugins.node import Context, Node
from tests.live import make_base

PACK = Path(__file__).parents[1] / "packs" / "classic_level2.py"


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    found = standard(make_base(tmp_path / "base"))
    found.create()
    compat.install(found, dict(builtin_nodes()))
    yield found
    for name in [n for n in sys.modules if n.partition(".")[0] in ("comfy", "latent_preview")]:
        del sys.modules[name]


def make(node: Node, folders: Folders, told: list[Any], **inputs: Any) -> Any:
    def report(value: float, total: float, picture: Any) -> None:
        told.append((value, total, None if picture is None else picture().shape))

    return node.call(inputs, Context("3", folders, {"prompt": {"a": 1}}, report, lambda: None))


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m", "euler_ancestral"])
def test_a_pack_makes_the_picture_that_the_nodes_make(folders: Folders, sampler: str) -> None:
    found, pack = load_pack(PACK)
    assert not pack.error
    inputs = {"ckpt_name": "loom-tiny.safetensors", "text": "an apple", "width": 64}
    inputs |= {"sampler": sampler, "scheduler": "karras"}
    told: list[Any] = []
    whole = make(found["Level2Picture"], folders, told, by_parts=False, **inputs).values[0]
    assert [step[:2] for step in told][-3:] == [(1, 3), (2, 3), (3, 3)]
    assert told[-1][2] == (64, 64, 3)
    told.clear()
    parts = make(found["Level2Picture"], folders, told, by_parts=True, **inputs).values[0]
    assert torch.equal(parts, whole) and told[-1][2] == (64, 64, 3)

    nodes = dict(builtin_nodes())
    call = lambda id, **given: make(nodes[id], folders, [], **given).values  # noqa: E731
    model, clip, vae = call("CheckpointLoaderSimple", ckpt_name=inputs["ckpt_name"])
    (latent,) = call("EmptyLatentImage", width=64, height=64, batch_size=1)
    sides = [call("CLIPTextEncode", clip=clip, text=text)[0] for text in ("an apple", "")]
    (denoised,) = call(
        "KSampler",
        model=model,
        seed=5,
        steps=3,
        cfg=4.0,
        sampler_name=sampler,
        scheduler="karras",
        positive=sides[0],
        negative=sides[1],
        latent_image=latent,
        denoise=1.0,
    )
    assert torch.equal(call("VAEDecode", samples=denoised, vae=vae)[0], whole)


def test_a_class_inherits_from_a_built_in_one(folders: Folders) -> None:
    found, _ = load_pack(PACK)
    output = make(found["Level2Save"], folders, [], images=torch.rand(1, 8, 8, 3))
    assert output.ui["images"][0]["filename"] == "level2_pack_00001_.png"
    assert (folders.output / "level2_pack_00001_.png").is_file()


def test_all_nodes_are_classes_and_packs_own_stay_what_they_are(folders: Folders) -> None:
    nodes: Any = importlib.import_module("nodes")
    classes = nodes.NODE_CLASS_MAPPINGS
    builtin = dict(builtin_nodes())
    assert set(classes) == set(builtin) and len(classes) == len(builtin)
    for id, cls in classes.items():
        assert tuple(o.type for o in builtin[id].spec.outputs) == cls.RETURN_TYPES
        assert callable(getattr(cls(), cls.FUNCTION)) and "required" in cls.INPUT_TYPES()
    assert nodes.NODE_DISPLAY_NAME_MAPPINGS["SaveImage"] == "Save Image"
    classes["Mine"] = int
    assert classes["Mine"] is int and "Mine" in set(classes)
    del classes["Mine"]
    assert nodes.MAX_RESOLUTION == 16384 and isinstance(nodes.nothing_here, Missing)
    assert nodes.image.save_image  # our own modules stay what they are
    found, _ = load_pack(PACK)
    builtin.update(found)
    compat.install(folders, builtin)
    assert classes["Level2Save"].__mro__[1].__name__ == "SaveImage"


def test_nothing_that_this_pack_needs_is_missing(folders: Folders) -> None:
    needs = needs_of(PACK)
    assert len(needs) >= 12 and [need.name for need in needs if not need.is_there] == []
    assert {need.level for need in needs} == {2}
