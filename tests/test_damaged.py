"""Whatever a file holds, whoever reads it gets what is in it or an error that says what is wrong.

``LOOM_FUZZ=50000 python -m pytest tests/test_damaged.py`` tries more files.
"""

import contextlib
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.diffusion.checkpoints import load_checkpoint, load_vae
from engine.diffusion.files import load_diffusion_model
from engine.diffusion.weights import read_header, read_tensors, stream_tensors
from engine.errors import LoomError
from engine.media.images import load_image
from engine.media.metadata import read_metadata
from engine.server.routes.files import converted
from tests.nonsense import PICTURES, WEIGHTS, damaged, pickled, thorough
from tests.tiny_checkpoint import write_tiny_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::Warning:PIL")


@pytest.mark.parametrize("read", [load_image, read_metadata])
def test_pictures(tmp_path: Path, read) -> None:
    path = tmp_path / "x.png"

    @thorough(0.5)
    @given(content=PICTURES)
    def look(content: bytes) -> None:
        path.write_bytes(content)
        try:
            read(path)
        except LoomError as error:
            assert path.name in str(error)
        except OSError:
            assert read is read_metadata

    look()


@pytest.mark.parametrize("how", [("webp;90", "rgba"), ("jpeg", "rgb"), (None, "a"), (None, "rgb")])
def test_previews(tmp_path: Path, how: tuple[str | None, str]) -> None:
    path = tmp_path / "x.png"

    @thorough(0.3)
    @given(content=PICTURES)
    def look(content: bytes) -> None:
        path.write_bytes(content)
        with contextlib.suppress(OSError):
            assert converted(path, *how)[0]

    look()


@pytest.mark.parametrize(
    ("name", "contents"), [("x.safetensors", WEIGHTS), ("x.ckpt", damaged(pickled()))]
)
def test_weights(tmp_path: Path, name: str, contents: st.SearchStrategy[bytes]) -> None:
    path = tmp_path / name

    @thorough(0.5)
    @given(content=contents)
    def look(content: bytes) -> None:
        path.write_bytes(content)
        try:
            header = read_header(path)
            read_tensors(path)
            list(stream_tensors(path, tuple(header.shapes), torch.device("cpu"), torch.float16))
        except LoomError as error:
            assert path.name in str(error)

    look()


def test_checkpoints(tmp_path: Path) -> None:
    """A model of which only the head is damaged: the tensors are there, under other names."""
    whole = write_tiny_checkpoint(tmp_path / "whole.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    path = tmp_path / "x.safetensors"

    @thorough(0.1)
    @given(head=damaged(whole[8 : 8 + length]))
    def load(head: bytes) -> None:
        path.write_bytes(struct.pack("<Q", len(head)) + head + whole[8 + length :])
        for read in (load_checkpoint, load_vae, load_diffusion_model):
            try:
                read(path)
            except LoomError as error:
                assert path.name in str(error)

    load()
