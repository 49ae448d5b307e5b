"""Handles on weights survive a restart as references, and only while their file is the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache import references
from engine.cache.codec import NotStorable, decode, encode
from engine.cache.memory import Entry
from engine.diffusion import residency
from engine.diffusion.checkpoints import Checkpoint, load_checkpoint
from engine.workers.references import register_handles
from tests.tiny_checkpoint import write_tiny_checkpoint


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    register_handles()
    return load_checkpoint(write_tiny_checkpoint(tmp_path / "tiny.safetensors"))


def handles(checkpoint: Checkpoint) -> Entry:
    assert checkpoint.model and checkpoint.clip and checkpoint.vae
    other = replace(checkpoint.clip, layer=-2)
    model = replace(checkpoint.model, sampling=replace(checkpoint.model.sampling, prediction="v"))
    return Entry(([model], [checkpoint.clip, other], [checkpoint.vae]), {}, 0.0)


def test_handles_come_back_equal_without_loading_weights(checkpoint: Checkpoint) -> None:
    entry, before = handles(checkpoint), residency.ledger()
    tensors, text = encode(entry)
    found = decode(tensors, text)
    assert found.values == entry.values
    assert not tensors and len(text) < 3000
    assert residency.ledger() == before


def test_a_changed_or_missing_file_is_a_miss(checkpoint: Checkpoint, tmp_path: Path) -> None:
    form = encode(handles(checkpoint))
    path = tmp_path / "tiny.safetensors"
    path.touch()
    with pytest.raises(KeyError):
        decode(*form)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        decode(*form)


def test_what_a_handle_holds_besides_must_have_a_file_form(checkpoint: Checkpoint) -> None:
    assert checkpoint.model is not None
    strange = replace(checkpoint.model, context_dim=object())  # type: ignore[arg-type]
    with pytest.raises(NotStorable, match="object has no file form"):
        encode(Entry(([strange],), {}, 0.0))
    assert references.form_of(strange) is not None
