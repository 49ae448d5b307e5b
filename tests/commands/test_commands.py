"""The command line as a user has it: a process, its output, its exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.live import ROOT, make_base

API = ROOT / "workflows" / "default_api.json"
CANVAS = ROOT / "workflows" / "default.json"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("cli") / "base")


def call(*args: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "main.py"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def small(tmp_path: Path, **changes: object) -> Path:
    """The default workflow with few steps, as an API file."""
    graph = json.loads(API.read_text())
    for node in graph.values():
        if node["class_type"] == "KSampler":
            node["inputs"].update({"steps": 2, **changes})
    path = tmp_path / "small.json"
    path.write_text(json.dumps(graph))
    return path


def test_run_saves_a_picture_that_runs_again(base: Path, tmp_path: Path) -> None:
    first = call("run", small(tmp_path), "--base-directory", base, "--output", tmp_path, "--cpu")
    assert first.returncode == 0, first.stderr
    picture = Path(first.stdout.strip())
    with Image.open(picture) as image:
        assert image.size == (512, 512)
        assert set(json.loads(image.text["prompt"])) == set(json.loads(API.read_text()))
    again = call("run", picture, "--base-directory", base, "--output", tmp_path / "b", "--cpu")
    assert again.returncode == 0, again.stderr
    with Image.open(picture) as a, Image.open(again.stdout.strip()) as b:
        assert a.tobytes() == b.tobytes()


def test_the_canvas_format_runs_with_settings(base: Path, tmp_path: Path) -> None:
    result = call(
        "run",
        CANVAS,
        "--set",
        "KSampler.steps=1",
        "--set",
        "KSampler.seed=5",
        "--json",
        "--base-directory",
        base,
        "--output",
        tmp_path,
        "--cpu",
        "--disable-metadata",
    )
    assert result.returncode == 0, result.stderr
    (shown,) = json.loads(result.stdout).values()
    (file,) = shown["images"]
    with Image.open(tmp_path / file["filename"]) as image:
        assert not getattr(image, "text", {})


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("KSampler.steps", "write NODE.INPUT=VALUE"),
        ("Nope.steps=1", "'Nope' is no node"),
        ("CLIPTextEncode.text=x", "fits 2 nodes"),
        ("KSampler.steps=0", "smaller than min of 1"),
    ],
)
def test_settings_at_fault_are_explained(base: Path, setting: str, text: str) -> None:
    result = call("run", API, "--set", setting, "--base-directory", base, "--cpu")
    assert result.returncode == 1
    assert text in result.stderr


def test_check_finds_all_faults(base: Path, tmp_path: Path) -> None:
    good = call("check", CANVAS, "--base-directory", base)
    assert (good.returncode, "No faults" in good.stdout) == (0, True), good.stderr
    bad = call(
        "check", small(tmp_path, steps=0, cfg=-1, scheduler="karas"), "--base-directory", base
    )
    assert bad.returncode == 1
    for text in ("smaller than min of 1", "smaller than min of 0", "Did you mean 'karras'?"):
        assert text in bad.stderr


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("none.json", None, "No such file"),
        ("broken.json", b"{", "is no JSON"),
        ("plain.png", b"no picture", "cannot be read"),
        ("empty.json", b"{}", "No prompt provided"),
    ],
)
def test_files_at_fault_are_explained(
    base: Path, tmp_path: Path, name: str, content: bytes | None, text: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = call("check", tmp_path / name, "--base-directory", base)
    assert (result.returncode, text in result.stderr) == (1, True), result.stderr


def test_nodes_lists_packs_too(base: Path) -> None:
    result = call("nodes", "--json", "--base-directory", base)
    assert {"KSampler", "ProbeSteps"} <= set(json.loads(result.stdout))
    plain = call("nodes", "--base-directory", base, "--disable-all-custom-nodes")
    assert "ProbeSteps" not in plain.stdout and "KSampler" in plain.stdout


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--prot", "1"], "Did you mean --port?"),
        (["--lowvram"], "--lowvram is not supported: leave it out"),
        (["--listen"], "without a password"),
        (["--listen", "192.168.0.1"], "--insecure-no-auth"),
        (["run"], "workflow"),
    ],
)
def test_flags_are_never_swallowed(flags: list[str], text: str) -> None:
    result = call(*flags)
    assert (result.returncode, text in result.stderr) == (2, True), result.stderr


def test_version_and_help() -> None:
    assert call("--version").stdout.startswith("Latent Loom ")
    assert "--set NODE.INPUT=VALUE" in call("run", "--help").stdout
    assert "Commands: serve" in call("--help").stdout
