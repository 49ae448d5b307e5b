"""Nodes with a schema, as packs write them for ``comfy_api.latest``."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import compat
from engine.folders import Folders, standard
from engine.graph.spec import from_json, object_info, to_json
from engine.plugins.discovery import builtin_nodes, load_pack
from engine.plugins.node import Blocked, Context, Node, Output

PACK = Path(__file__).parents[1] / "packs" / "schema_nodes.py"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    found = standard(tmp_path_factory.mktemp("schema"))
    found.create()
    return found


@pytest.fixture(scope="module")
def nodes(folders: Folders) -> Iterator[dict[str, Node]]:
    forget()
    compat.install(folders, dict(builtin_nodes()))
    copy = folders.custom_nodes[0] / "schema_nodes.py"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(PACK, copy)
    loras = folders.models["loras"][0]
    loras.mkdir(parents=True, exist_ok=True)
    (loras / "one.safetensors").write_bytes(b"")
    found, pack = load_pack(copy)
    assert pack.error == ""
    yield found
    forget()


def forget() -> None:
    roots = ("comfy", "folder_paths", "engine.compat.folder_paths", "custom_nodes.schema_nodes")
    for name in [n for n in sys.modules if n.startswith(roots)]:
        del sys.modules[name]


def context(folders: Folders) -> Context:
    return Context("7", folders, {}, lambda value, total, preview: None, lambda: None)


def call(node: Node, folders: Folders, **inputs: Any) -> Output:
    given = node.call(inputs, context(folders))
    result = asyncio.run(given) if node.is_async else given  # type: ignore[arg-type]
    assert isinstance(result, Output)
    return result


def info(node: Node, folders: Folders) -> dict[str, Any]:
    return object_info(from_json(to_json(node.spec)), folders.list)


def test_a_schema_is_told_in_the_older_way(nodes: dict[str, Node], folders: Folders) -> None:
    told = info(nodes["SchemaCalculate"], folders)
    assert told["input"]["required"] == {
        "a": ["INT", {"default": 1, "min": 0, "max": 9, "display": "slider"}],
        "mode": [["plus", "minus"]],
        "lora": [["one.safetensors"]],
    }
    assert told["input"]["optional"] == {
        "b": ["FLOAT", {"tooltip": "The second.", "default": 0.5, "step": 0.1}],
        "any": ["IMAGE,MASK"],
    }
    assert told["input"]["hidden"] == {"unique_id": "UNIQUE_ID"}
    assert (told["output"], told["output_name"]) == (["FLOAT", "STRING"], ["result", "text"])
    assert (told["display_name"], told["category"]) == ("Calculate", "schema/math")
    assert told["search_aliases"] == ["sum"]
    assert told["python_module"] == "custom_nodes.schema_nodes"


def test_an_awaited_node_gets_hidden_inputs_and_shows_text(
    nodes: dict[str, Node], folders: Folders
) -> None:
    node = nodes["SchemaCalculate"]
    result = call(node, folders, a=3, b=0.25, mode="minus", lora="one.safetensors")
    assert result.values == (2.75, "7: 2.75")
    assert result.ui == {"text": ["done"]}
    assert node.check is not None and node.fingerprint is not None
    assert node.check({"a": 7, "mode": "plus"}, {}) == "a must not be seven"
    assert node.check({"a": 6, "mode": "plus"}, {}) is True
    assert node.spec.own_checks == ("a",)
    assert node.fingerprint({"a": 4, "mode": "plus"}, context(folders)) == 4
    assert sys.modules["custom_nodes.schema_nodes"].LOADED == [True]


def test_parts_of_inputs_are_flat_in_a_prompt_and_nested_in_the_call(
    nodes: dict[str, Node], folders: Folders
) -> None:
    node = nodes["SchemaGrow"]
    told = info(node, folders)["input"]
    assert list(told["required"]) == ["images.image0", "method"]
    assert list(told["optional"]) == [
        "images.image1",
        "images.image2",
        "method.factor",
        "method.width",
        "method.height",
    ]
    wired = {"images.image0": 1, "images.image2": 2}
    size = {"method": "size", "method.width": 5, "method.height": 6, "method.factor": 9.0}
    ((names, method),) = call(node, folders, **wired, **size).values
    assert names == ["image0", "image2"]
    assert method == {"method": "size", "width": 5, "height": 6}
    ((_, method),) = call(node, folders, **wired, method="scale").values
    assert method == {"method": "scale", "factor": 2.0}


def test_lazy_inputs_and_a_class_that_nobody_writes_to(
    nodes: dict[str, Node], folders: Folders
) -> None:
    node = nodes["SchemaPick"]
    assert info(node, folders)["output"] == ["IMAGE,LATENT"]
    assert node.needs is not None
    assert list(node.needs({"first": False, "one": None, "two": None}, context(folders))) == ["two"]
    with pytest.raises(AttributeError, match="last cannot be set during a call"):
        call(node, folders, first=True, one=torch.zeros(1), two=torch.zeros(1))


def test_pictures_are_shown_and_execution_is_blocked(
    nodes: dict[str, Node], folders: Folders
) -> None:
    node = nodes["SchemaShow"]
    assert info(node, folders)["input"]["hidden"] == {
        "prompt": "PROMPT",
        "extra_pnginfo": "EXTRA_PNGINFO",
    }
    result = call(node, folders, size=8, stop="")
    (shown,) = result.ui["images"]
    assert (folders.root("temp") / shown["filename"]).is_file()
    assert call(node, folders, size=8, stop="enough").values == (Blocked("enough"),)


def test_ids_that_stand_twice_are_refused(nodes: dict[str, Node]) -> None:
    from comfy_api.latest import io  # type: ignore[import-not-found]

    twice = io.Schema("Twice", inputs=[io.Int.Input("a"), io.Int.Input("a")])
    with pytest.raises(ValueError, match="Twice declares a more than once"):
        twice.validate()


def test_inputs_say_what_they_depend_on(nodes: dict[str, Node], folders: Folders) -> None:
    told = info(nodes["SchemaGrow"], folders)["input"]
    named = {
        name: entry[-1]
        for part in (told["required"], told["optional"])
        for name, entry in part.items()
    }
    assert "grows_after" not in named["images.image0"]
    assert named["images.image2"]["grows_after"] == "images.image1"
    assert named["method.factor"]["shown_with"] == {"input": "method", "values": ["scale"]}
    assert named["method.width"]["shown_with"] == {"input": "method", "values": ["size"]}
