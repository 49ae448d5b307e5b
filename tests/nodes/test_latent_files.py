"""Latents come back from their files as they were, and carry the workflow."""

import json
import shutil

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from engine.errors import ModelFileError
from engine.folders import Folders
from tests.nodes.conftest import CallNode


def test_a_latent_survives_its_file(call: CallNode, folders: Folders) -> None:
    """Bit by bit, offered by name once it is in the input folder."""
    samples = {"samples": torch.randn(2, 4, 8, 6), "noise_mask": torch.ones(1, 8, 8)}
    (file,) = call("SaveLatent", samples=samples, filename_prefix="latents/x").ui["latents"]
    path = folders.root("output") / file["subfolder"] / file["filename"]
    assert path.suffix == ".latent"
    with safe_open(path, framework="pt") as opened:
        assert json.loads(opened.metadata()["prompt"]) == {"9": {}}
        assert json.loads(opened.metadata()["workflow"]) == {"nodes": []}
    shutil.copy(path, folders.root("input") / "kept.latent")
    assert "kept.latent" in folders.list("latents")
    (found,) = call("LoadLatent", latent="kept.latent").values
    assert torch.equal(found["samples"], samples["samples"])


def test_old_files_hold_scaled_latents(call: CallNode, folders: Folders) -> None:
    """They lack the mark of the first version."""
    tensor = torch.randn(1, 4, 8, 8)
    save_file({"latent_tensor": tensor}, folders.root("input") / "old.latent")
    (found,) = call("LoadLatent", latent="old.latent").values
    assert torch.allclose(found["samples"], tensor / 0.18215)
    save_file({"other": tensor}, folders.root("input") / "other.latent")
    with pytest.raises(ModelFileError, match="holds no latent"):
        call("LoadLatent", latent="other.latent")
