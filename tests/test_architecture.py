"""The house keeps its floors: imports go down only, and the server stays light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GROUND = {
    "engine",
    "engine.errors",
    "engine.fast_json",
    "engine.folders",
    "engine.folders_config",
    "engine.memory",
    "engine.pictures",
}

#: What each room may import of ours, besides itself and the ground floor.
ALLOWED = {
    "engine/graph": set(),
    "engine/store": set(),
    "engine/diffusion": set(),
    "engine/media": set(),
    "engine/plugins": {"engine.graph", "nodes"},
    "engine/compat": {
        "engine.api",
        "engine.plugins",
        "engine.graph",
        "engine.diffusion",
        "engine.media",
        "nodes",
    },
    "engine/cache": {"engine.graph"},
    "engine/execution": {"engine.graph", "engine.cache", "engine.plugins"},
    "engine/isolation": {"engine.graph", "engine.plugins", "engine.compat", "engine.diffusion"},
    "engine/workers": {
        "engine.graph",
        "engine.cache",
        "engine.plugins",
        "engine.compat",
        "engine.execution",
        "engine.isolation",
        "engine.diffusion",
        "engine.media",
    },
    "engine/client": set(),
    "engine/script": {"engine.graph", "engine.plugins"},
    "engine/server": {"engine.graph", "engine.store", "engine.workers"},
    "nodes": {"engine.api", "engine.diffusion", "engine.media"},
}
#: Files that run in the server process.
SERVER_SIDE = ("engine/server", "engine/graph", "engine/store")


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, also inside functions."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*base, *([node.module] if node.module else [])])


def ours(name: str) -> bool:
    return name.split(".")[0] in ("engine", "nodes")


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_go_down_only(room: str) -> None:
    own = room.replace("/", ".")
    allowed = {own, *ALLOWED[room]}
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if ours(name)
        and name not in GROUND
        and not any(name == a or name.startswith(f"{a}.") for a in allowed)
    }
    assert not wrong


@pytest.mark.parametrize("room", SERVER_SIDE)
def test_the_server_process_has_no_torch(room: str) -> None:
    wrong = {
        str(path.relative_to(ROOT))
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ("torch", "diffusers", "transformers")
    }
    assert not wrong


def test_importing_the_server_does_not_import_torch_or_networkx() -> None:
    code = (
        "import sys, engine.commands.serve;"
        "print([m for m in ('torch', 'networkx', 'PIL', 'scipy') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.strip() == "[]"


def test_pickles_are_read_in_one_place_only() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in ("engine", "nodes")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "load"
        and isinstance(node.value, ast.Name)
        and node.value.id in ("torch", "pickle")
    }
    assert found == {"engine/diffusion/weights.py"}


@pytest.mark.parametrize("folder", ["engine", "nodes", "tools", "bench"])
def test_files_are_short_and_say_what_they_are_for(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        text = path.read_text()
        assert ast.get_docstring(ast.parse(text)), f"{path} does not say what it is for"
        assert text.count("\n") <= 600, f"{path} is too long"
