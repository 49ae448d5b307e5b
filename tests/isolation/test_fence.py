"""An isolated pack does what it asked for, and nothing else of what one has to ask for."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NodeError
from engine.folders import standard
from engine.isolation import kernel
from engine.isolation.packs import Isolation

from .test_cell import PACK, Bench

#: Done in a process that only the kernel holds: Python's hooks are not up.
KERNEL = """
import json, os, socket, subprocess, sys
from pathlib import Path
from engine.isolation.kernel import restrict
inner, outer, refused = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
held = restrict(refused, [inner])
def tried(call):
    try:
        call()
    except OSError as error:
        return type(error).__name__
    return "done"
print(json.dumps({
    "held": held,
    "inner": tried(lambda: (inner / "a").write_text("x")),
    "outer": tried(lambda: (outer / "a").write_text("x")),
    "old": tried(lambda: os.truncate(outer / "old", 0)),
    "remove": tried(lambda: os.remove(outer / "old")),
    "move": tried(lambda: os.rename(outer / "old", inner / "old")),
    "read": tried(lambda: (outer / "old").read_text()),
    "null": tried(lambda: Path("/dev/null").write_text("x")),
    "socket": tried(socket.socket),
    "unix": tried(lambda: socket.socket(socket.AF_UNIX)),
    "run": tried(lambda: subprocess.run([sys.executable, "-c", ""], check=True)),
}))
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("fence"))
    (made.folders.user / "loom.db").write_text("secret")
    (made.folders.input / "kept.txt").write_text("kept")
    yield made
    made.isolation.close()


@pytest.mark.parametrize(
    ("what", "where", "words"),
    [
        ("connect", "9", "reach the network.*network"),
        ("send", "9", "reach the network|not permitted"),
        ("run", "/bin/true", "start other programs.*subprocess"),
        ("system", "true", "start other programs.*subprocess"),
        ("execute", "/bin/true", "start other programs.*subprocess"),
        ("spawn", "/bin/true", "start other programs.*subprocess"),
        ("library", "", "not Python's.*exec"),
        ("write", "{input}/new.txt", "write to .*input/new.txt.*file-write"),
        ("write", "{output}/../input/new.txt", "write to .*input/new.txt"),
        ("write", "{user}/settings.json", "write to"),
        ("write", "{pack}/__init__.py", "write to"),
        ("make", "{input}/new.txt", "write to"),
        ("link", "{input}/new.txt", "write to"),
        ("remove", "{input}/kept.txt", "write to"),
        ("rename", "{input}/kept.txt", "write to"),
        ("read", "{user}/loom.db", "read the server's database"),
        ("kill", "{pid}", "send signals"),
    ],
)
def test_what_a_pack_did_not_ask_for_is_refused(
    bench: Bench, what: str, where: str, words: str
) -> None:
    places = {name: getattr(bench.folders, name) for name in ("input", "output", "user")}
    target = where.format(**places, pack=bench.path, pid=os.getpid())
    with pytest.raises(NodeError, match=words):
        bench("CellTry", what=what, where=target)
    assert [file.name for file in bench.folders.input.iterdir()] == ["kept.txt"]


def test_what_it_asked_for_it_may_do(bench: Bench) -> None:
    file = bench.folders.output / "made.txt"
    for what in ("write", "rename"):
        assert bench("CellTry", what=what, where=str(file)).values == (what,)
    assert (bench.folders.output / "made.txt.moved").read_text() == "written"
    assert bench("CellTry", what="read", where="/etc/hostname").values == ("read",)
    assert "audit hooks" in bench.pack.held


def test_a_link_in_its_folder_leads_nowhere_else(bench: Bench) -> None:
    link = bench.folders.output / "link"
    link.symlink_to(bench.folders.input)
    with pytest.raises(NodeError, match="write to"):
        bench("CellTry", what="write", where=str(link / "new.txt"))


def test_capabilities_of_the_manifest_are_given(tmp_path: Path) -> None:
    base = tmp_path / "base"
    made = Bench(base)
    made.isolation.close()
    manifest = (made.path / "pyproject.toml").read_text()
    more = 'network = "to be tried"\nsubprocess = true\nexec = true\n'
    (made.path / "pyproject.toml").write_text(manifest + more)
    made.nodes, pack = made.isolation.reopen(made.path)
    assert pack.asks is not None and pack.asks["network"] == "to be tried"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert made("CellTry", what="connect", where=str(port)).values
    assert made("CellTry", what="run", where="/bin/true").values
    assert made("CellTry", what="library", where="").values
    made.isolation.close()


@pytest.mark.parametrize("folder", ["{user}", "{custom}", "/", "{base}"])
def test_no_pack_may_write_to_what_decides_about_packs(tmp_path: Path, folder: str) -> None:
    folders = standard(tmp_path)
    pack = tmp_path / "custom_nodes" / "greedy"
    shutil.copytree(PACK, pack)
    name = folder.format(user=folders.user, custom=pack.parent, base=tmp_path)
    text = f'[tool.latentloom]\nisolate = true\ncapabilities = {{"file-write" = ["{name}"]}}\n'
    (pack / "pyproject.toml").write_text(text)
    nodes, report = Isolation(folders).open(pack)
    assert not nodes and "nobody but you may change" in report.error


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these")
@pytest.mark.parametrize("refused", [["network", "subprocess"], []])
def test_the_kernel_holds_without_python(tmp_path: Path, refused: list[str]) -> None:
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    inner.mkdir()
    outer.mkdir()
    (outer / "old").write_text("old")
    command = [sys.executable, "-c", KERNEL, str(inner), str(outer), json.dumps(refused)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["inner"] == found["read"] == found["null"] == "done"
    if "landlock" in found["held"]:
        outside = {found[name] for name in ("outer", "old", "remove")}
        assert outside == {"PermissionError"} and found["move"] in ("PermissionError", "OSError")
        assert (outer / "old").read_text() == "old"
    if "seccomp" in found["held"]:
        expected = "PermissionError" if refused else "done"
        assert {found[name] for name in ("socket", "unix", "run")} == {expected}


def test_the_filter_refuses_calls_of_other_processors() -> None:
    for number, calls in kernel._CALLS.values():
        program = list(kernel._filter(number, calls["always"]))
        assert program[1][3] == number and program[2][3] == kernel._REFUSE
        assert program[-1][3] == kernel._ALLOW
