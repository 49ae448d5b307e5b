"""Clients that strangers wrote for ComfyUI run a job here unmodified, each in its own process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.live import LiveServer, serving

HERE = Path(__file__).parent
PROMPT = HERE / "prompt.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own: clients look at the whole queue and history."""
    with serving(tmp_path_factory.mktemp("clients") / "base") as running:
        yield running


def run(server: LiveServer, script: str, package: str, folder: Path) -> list[str]:
    """The lines that a script with a public client printed; a seed of its own for the script."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install '.[test]'")
    prompt = json.loads(PROMPT.read_text())
    prompt["5"]["inputs"]["seed"] = sum(map(ord, script))
    file = folder / "prompt.json"
    file.write_text(json.dumps(prompt))
    command = [sys.executable, str(HERE / script), server.url, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


def test_comfyui_utils(server: LiveServer, tmp_path: Path) -> None:
    """It posts the prompt without a content type, and follows the websocket.

    The first on its server: it ends at the first ``executed``, which a cached node sends too.
    """
    lines = run(server, "run_utils.py", "comfyui_utils", tmp_path)
    assert "node 5 2 2" in lines and lines[-1] == "completed output False"


def test_comfy_api_simplified(server: LiveServer, tmp_path: Path) -> None:
    """It takes every binary frame for a result, so it must see none of the work."""
    (line,) = run(server, "run_simplified.py", "comfy_api_simplified", tmp_path)
    assert line.startswith("client_0") and line.endswith(repr(b"\x89PNG\r\n\x1a\n"))


def test_comfy_script(server: LiveServer, tmp_path: Path) -> None:
    """It makes a Python function of every node that ``/object_info`` tells of."""
    lines = run(server, "run_script.py", "comfy_script", tmp_path)
    assert "picture (64, 64)" in lines


def test_comfyui_workflow_client(server: LiveServer, tmp_path: Path) -> None:
    lines = run(server, "run_workflow_client.py", "comfyuiclient", tmp_path)
    assert lines == ["Save Image (64, 64)"] * 2
