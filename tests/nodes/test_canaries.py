"""Pickles that would run a program, under every ending, given to every node that reads a file."""

import asyncio
import contextlib
import inspect
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.diffusion.checkpoints import load_checkpoint
from engine.folders import MODEL_SUFFIXES, Folders, standard
from engine.plugins.discovery import builtin_nodes
from engine.plugins.node import Context, Node
from tests.tiny_checkpoint import write_tiny_checkpoint

#: Kinds of files that are no weights.
OTHERS = {"configs", "diffusers"}
#: They read the file when a sampler asks for it, or after a settings file.
LATER = {"CreateHookLora", "CreateHookLoraModelOnly", "CheckpointLoader"}
SUFFIXES = (*MODEL_SUFFIXES, ".latent")


class Canary:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.write_text, (self.mark, "sung")


def reading() -> list[tuple[str, Node]]:
    """The built-in nodes that read a weight file."""
    found = builtin_nodes()
    return [(id, node) for id, node in found if set(files_of(node))]


def files_of(node: Node) -> list[str]:
    kinds = [(i.name, i.folder) for i in node.spec.inputs if i.folder]
    pictures = ("input", "output", "temp")
    return [name for name, kind in kinds if kind.partition("/")[0] not in (*pictures, *OTHERS)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Canaries in every folder of models, and in the input folder for latents."""
    base: Path = tmp_path_factory.mktemp("canaries")
    found = standard(base)
    found.create()
    mark = base / "mark"
    roots = {paths[0] for kind, paths in found.models.items() if kind not in OTHERS}
    for root in (*roots, found.input):
        root.mkdir(parents=True, exist_ok=True)
        for suffix in SUFFIXES:
            canary = {"state_dict": {"a": torch.zeros(1), "b": Canary(mark)}}
            (root / f"plain{suffix}").write_bytes(pickle.dumps(canary))
            torch.save(canary, root / f"zip{suffix}")
            with zipfile.ZipFile(root / f"other{suffix}", "w") as archive:
                archive.writestr("data.pkl", pickle.dumps(canary))
    write_tiny_checkpoint(base / "tiny.safetensors")
    return found


def test_the_canary_sings_where_pickles_are_read_without_care(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Canary(tmp_path / "mark")))
    assert (tmp_path / "mark").read_text() == "sung"


def given(node: Node, file: str, sockets: dict[str, Any]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for item in node.spec.inputs:
        if item.name in files_of(node):
            inputs[item.name] = file
        elif item.type in sockets:
            inputs[item.name] = sockets[item.type]
        elif item.section == "required":
            inputs[item.name] = item.options.get("default", (item.choices or (None,))[0])
    return inputs


def test_no_node_runs_what_is_in_a_file(folders: Folders) -> None:
    tiny = load_checkpoint(folders.output.parent / "tiny.safetensors")
    sockets = {"MODEL": tiny.model, "CLIP": tiny.clip, "VAE": tiny.vae}
    ctx = Context("1", folders, {}, lambda *report: None, lambda: None)
    opened: set[str] = set()
    loud: list[str] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if loud and event == "open" and isinstance(args[0], str | Path):
            opened.add(f"{loud[0]} {Path(args[0]).name}")

    sys.addaudithook(hook)
    nodes = reading()
    for id, node in nodes:
        for name in ("plain", "zip", "other"):
            for suffix in SUFFIXES:
                loud[:] = [id]
                with contextlib.suppress(Exception):  # what they say is tested elsewhere
                    made: Any = node.call(given(node, f"{name}{suffix}", sockets), ctx)
                    if inspect.isawaitable(made):
                        asyncio.run(_waited(made))
    loud.clear()
    assert not (folders.output.parent / "mark").exists()
    read = {line.split()[0] for line in opened if line.endswith(SUFFIXES)}
    assert len(nodes) > 15 and {id for id, _ in nodes} - read <= LATER


async def _waited(made: Any) -> Any:
    return await made


def test_embeddings_named_in_a_text_run_nothing(folders: Folders) -> None:
    clip = load_checkpoint(folders.output.parent / "tiny.safetensors").clip
    encode = dict(builtin_nodes())["CLIPTextEncode"]
    ctx = Context("1", folders, {}, lambda *report: None, lambda: None)
    for name in ("plain", "zip", "other"):
        for suffix in SUFFIXES:
            for text in (f"embedding:{name}", f"embedding:{name}{suffix}"):
                with contextlib.suppress(Exception):
                    encode.call({"clip": clip, "text": text}, ctx)
    assert not (folders.output.parent / "mark").exists()
