"""An installation with tiny models, and a way to call nodes without a graph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from engine.folders import Folders, standard
from engine.plugins.discovery import builtin_nodes
from engine.plugins.node import Context, Output
from tests.tiny_checkpoint import tiny_tensors, write_tiny_checkpoint

#: Calls a node by id; ``ctx`` replaces the default context.
CallNode = Callable[..., Output]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    base: Path = tmp_path_factory.mktemp("installation")
    found = standard(base)
    found.create()
    write_tiny_checkpoint(base / "models/checkpoints/tiny.safetensors")
    (base / "models/vae").mkdir()
    prefix = "first_stage_model."
    vae = {k: t for k, t in tiny_tensors().items() if k.startswith(prefix)}
    save_file(vae, base / "models/vae/tiny-vae.safetensors")
    return found


@pytest.fixture
def context(folders: Folders) -> Context:
    """A context that carries a workflow and lets everything run."""
    carried = {"prompt": {"9": {}}, "workflow": {"nodes": []}}
    return Context("9", folders, carried, lambda *report: None, lambda: None)


@pytest.fixture
def call(context: Context) -> CallNode:
    nodes = dict(builtin_nodes())

    def run(id: str, ctx: Context = context, **inputs: Any) -> Output:
        return nodes[id].call(inputs, ctx)

    return run
