"""The pack that people start from passes its own tests, loads and runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.commands.new_pack import write
from engine.errors import NodeError
from engine.testing import Trial
from main import main

ROOT = Path(__file__).resolve().parents[2]


def test_a_new_pack_is_tested_and_its_workflow_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["--base-directory", str(tmp_path)]
    assert main(["new-pack", "film-grain", *base]) == 0
    folder = tmp_path / "custom_nodes" / "film_grain"
    text = "".join(f.read_text() for f in folder.rglob("*") if f.is_file())
    assert "film_grain" in text and "my_pack" not in text.lower() and "MyPack" not in text
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    workflow = folder / "example_workflows" / "film_grain.json"
    capsys.readouterr()
    assert main(["run", str(workflow), "--cpu", *base]) == 0
    assert main(["new-pack", "film_grain", *base]) == 2
    assert main(["new-pack", "Film Grain", *base]) == 2
    assert "small letters" in capsys.readouterr().err


def test_a_pack_that_does_not_load_is_told_with_its_traceback(tmp_path: Path) -> None:
    write(tmp_path / "broken")
    (tmp_path / "broken" / "nodes.py").write_text("import no_such_module_here\n")
    with pytest.raises(NodeError, match="no_such_module_here"):
        Trial(tmp_path / "broken", tmp_path / "base")


def test_a_trial_gives_defaults_and_refuses_what_a_run_refuses(tmp_path: Path) -> None:
    nodes = Trial(ROOT / "custom_nodes" / "example_pack", tmp_path)
    assert "ExampleRepeat" in nodes.ids and "KSampler" in nodes
    assert nodes["ExampleRepeat"](text="a", times=3) == ("a a a",)
    with pytest.raises(NodeError, match="type some text first"):
        nodes["ExampleRepeat"](text=" ")
    with pytest.raises(NodeError, match="needs image"):
        nodes["ExampleTint"]()
