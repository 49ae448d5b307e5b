"""A pack that needs other packages gets a place of its own for them, when the user says so."""

import sys
import zipfile
from pathlib import Path

import pytest

from engine.folders import Folders, standard
from engine.isolation.environment import differing, place_of
from engine.isolation.packs import Isolation
from engine.plugins.node import Context
from main import main

CODE = """
import loomtiny, torch
from engine.api import Output, node

@node("TinyTold", category="tiny", is_output=True)
def told() -> Output:
    return Output(ui={"text": [loomtiny.__file__, torch.__file__]})
"""


def wheel(folder: Path) -> Path:
    """A package that is nowhere else."""
    file = folder / "loomtiny-1.0-py3-none-any.whl"
    facts = "loomtiny-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("loomtiny.py", "")
        archive.writestr(
            f"{facts}/METADATA", "Metadata-Version: 2.1\nName: loomtiny\nVersion: 1.0\n"
        )
        archive.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{facts}/RECORD", "")
    return file


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """An installation with a pack that needs that package."""
    made = standard(tmp_path / "base")
    made.create()
    pack = made.custom_nodes[0] / "tiny"
    pack.mkdir(parents=True)
    (pack / "__init__.py").write_text(CODE)
    needs = f"loomtiny @ {wheel(tmp_path).as_uri()}"
    (pack / "pyproject.toml").write_text(
        f'[tool.latentloom]\nisolate = true\nrequirements = ["{needs}"]\n'
    )
    return made


def test_nothing_is_installed_until_the_user_agrees(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    base = folders.output.parent
    nodes, pack = Isolation(folders, device="cpu").open(base / "custom_nodes" / "tiny")
    assert not nodes and "main.py packs --install tiny" in pack.error
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert main(["packs", "--install", "tiny", "--base-directory", str(base)]) == 1
    said = capsys.readouterr().out
    assert "loomtiny @ file:" in said and "Nothing was installed" in said
    assert not place_of(folders, "tiny").exists()
    assert main(["packs", "--install", "nobody", "--base-directory", str(base)]) == 2


def test_its_packages_go_before_ours_and_ours_are_seen(folders: Folders) -> None:
    base = folders.output.parent
    assert main(["packs", "--install", "tiny", "--yes", "--base-directory", str(base)]) == 0
    isolation = Isolation(folders, device="cpu")
    nodes, pack = isolation.open(base / "custom_nodes" / "tiny")
    assert pack.error == ""
    ctx = Context("1", folders, {}, lambda *report: None, lambda: None)
    own, shared = nodes["TinyTold"].call({}, ctx).ui["text"]  # type: ignore[union-attr]
    isolation.close()
    assert Path(own).is_relative_to(place_of(folders, "tiny"))
    assert shared == sys.modules["torch"].__file__ and "loomtiny" not in sys.modules


def test_what_is_met_here_needs_no_place() -> None:
    wanted = ["torch>=2", "torch<1", "no-such-package", "x; python_version < '3'", "not a name!"]
    assert differing(wanted) == ["torch<1", "no-such-package", "not a name!"]
