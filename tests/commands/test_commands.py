"""The command line as a user has it: a process, its output, its exit code."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest
from PIL import Image

from engine.cache.config import CacheConfig
from engine.commands.arguments import Parser
from engine.commands.cache_flags import cache_of
from main import main
from tests.live import ROOT, make_base, serving

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


def test_plan_tells_what_a_run_would_do(base: Path, tmp_path: Path) -> None:
    workflow = small(tmp_path, seed=123)
    folders = ("--base-directory", base, "--output-directory", tmp_path, "--cpu")
    before = json.loads(call("plan", workflow, "--json", *folders).stdout)["nodes"]
    assert before["5"]["state"] == before["9"]["state"] == "run"  # what they need may be known
    assert call("run", workflow, *folders).returncode == 0
    after = json.loads(call("plan", workflow, "--json", *folders).stdout)["nodes"]
    assert after["9"]["state"] == "cached"
    assert "run" not in {node["state"] for node in after.values()}
    loader = next(
        id for id, n in json.loads(API.read_text()).items() if "Loader" in n["class_type"]
    )
    assert after[loader]["state"] == "cached"  # though its results are handles on weights
    blocked = call("plan", small(tmp_path, steps=0), *folders)
    assert (blocked.returncode, "smaller than min of 1" in blocked.stdout) == (1, True)


def test_convert_gives_the_api_format(base: Path, tmp_path: Path) -> None:
    result = call("convert", CANVAS, "--base-directory", base)
    assert json.loads(result.stdout) == json.loads(API.read_text())
    out = tmp_path / "api.json"
    assert call("convert", CANVAS, "--output", out, "--base-directory", base).returncode == 0
    assert json.loads(out.read_text()) == json.loads(API.read_text())
    assert call("convert", tmp_path / "none.json", "--base-directory", base).returncode == 1


def test_diff_sees_meaning_and_not_layout(base: Path, tmp_path: Path) -> None:
    assert call("diff", CANVAS, API, "--base-directory", base).stdout == ""
    changed = call("diff", API, small(tmp_path, seed=99), "--base-directory", base)
    assert changed.returncode == 1
    lines = changed.stdout.splitlines()
    assert len(lines) == 2 and all(line.startswith("~ ") for line in lines)
    assert any(line.endswith("KSampler.steps: 20 -> 2") for line in lines)
    assert call("diff", API, tmp_path / "none.json", "--base-directory", base).returncode == 2


def test_queue_needs_a_server() -> None:
    result = call("queue", "ls", "--server", "http://127.0.0.1:9")
    assert (result.returncode, "No server answers" in result.stderr) == (2, True)


def test_queue_lists_and_changes(tmp_path: Path) -> None:
    with serving(tmp_path / "base") as server:
        queue = lambda *args: call("queue", *args, "--server", server.url)  # noqa: E731
        assert queue("pause").returncode == 0
        prompt = {
            "1": {"class_type": "ProbeValue", "inputs": {"number": 1}},
            "2": {"class_type": "ProbeShow", "inputs": {"value": ["1", 0], "note": ""}},
        }
        ids = [server.submit(prompt) for _ in range(3)]
        assert [line.split()[:2] for line in queue("ls").stdout.splitlines()] == [
            [id, "pending"] for id in ids
        ]
        assert queue("front", ids[2]).returncode == 0
        assert queue("ls").stdout.split()[0] == ids[2]
        assert queue("cancel", ids[0]).returncode == 0
        assert queue("cancel", ids[0]).returncode == 1
        assert queue("cancel").returncode == 2
        again = queue("retry", ids[0]).stdout.strip()
        assert {job["id"] for job in json.loads(queue("ls", "--json").stdout)["jobs"]} == {
            ids[1],
            ids[2],
            again,
        }
        assert queue("cancel", "--all").returncode == 0
        assert "paused" in queue("ls").stderr
        assert queue("resume").returncode == 0
        assert queue("retry", "nothing").returncode == 1


def test_nodes_lists_packs_too(base: Path) -> None:
    result = call("nodes", "--json", "--base-directory", base)
    assert {"KSampler", "ProbeSteps"} <= set(json.loads(result.stdout))
    plain = call("nodes", "--base-directory", base, "--disable-all-custom-nodes")
    assert "ProbeSteps" not in plain.stdout and "KSampler" in plain.stdout


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--prot", "1"], "Did you mean --port?"),
        (["--multi-user", "--user-directory", "nowhere"], "main.py users add NAME"),
        (["--token", "short"], "give 16 or more"),
        (["--token", "@nowhere"], "token file nowhere cannot be read"),
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


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--cache-none", "--cache-lru", "5"), "not allowed with argument --cache-none"),
        (("--cache-classic", "--cache-ram"), "not allowed with argument --cache-classic"),
        (("--cache-lru", "0"), "0 is no number of nodes; give 1 or more"),
        (("--cache-ram", "1", "2", "3"), "takes two numbers at most, not 3"),
        (("--cache-size", "lots"), "lots is no amount of memory"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "run", "plan"])
def test_flags_of_the_cache_at_fault_are_explained(
    capsys: pytest.CaptureFixture[str], command: str, flags: tuple[str, ...], text: str
) -> None:
    with pytest.raises(SystemExit) as ending:
        parser_of(command).parse_args(["x.json", *flags] if command != "serve" else list(flags))
    assert (ending.value.code, text in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("command", ["serve", "run", "plan"])
def test_flags_of_the_cache_are_understood(command: str) -> None:
    def asked(*flags: str) -> CacheConfig:
        words = [*flags] if command == "serve" else ["x.json", *flags]
        return cache_of(parser_of(command).parse_args(words))

    assert asked() == replace(CacheConfig(), active_bytes=ANY, idle_bytes=ANY)
    assert asked("--cache-classic").mode == "classic"
    assert (asked("--cache-lru", "7").mode, asked("--cache-lru", "7").entries) == ("lru", 7)
    spare = asked("--cache-ram", "3", "1.5")
    assert (spare.mode, spare.active_bytes, spare.idle_bytes) == ("ram", 3 << 30, 3 << 29)
    assert asked("--cache-ram").active_bytes >= 2 << 30
    assert asked("--cache-device", "0.5").device_bytes == 1 << 29


def parser_of(command: str) -> Parser:
    parser = Parser()
    importlib.import_module(f"engine.commands.{command}").add_arguments(parser)
    return parser


def test_doctor_tells_what_is_wrong(base: Path, tmp_path: Path) -> None:
    sound = call("doctor", "--base-directory", base)
    assert (sound.returncode, "problems: none" in sound.stdout) == (0, True), sound.stdout
    bad = tmp_path
    for pack, text in (("one", "import nothing_like_this"), ("two", "")):
        (bad / "custom_nodes" / pack).mkdir(parents=True)
        (bad / "custom_nodes" / pack / "__init__.py").write_text(text)
    (bad / "user").mkdir()
    (bad / "user" / "loom.db").write_bytes(b"no database at all" * 100)
    result = call("doctor", "--json", "--base-directory", bad)
    problems = " ".join(json.loads(result.stdout)["problems"])
    assert result.returncode == 1
    for text in ("'one' failed to load (ModuleNotFound", "There is no checkpoint", "damaged"):
        assert text in problems


def test_packs_are_chosen_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = "class A:\n    INPUT_TYPES = lambda: {}\n    RETURN_TYPES, FUNCTION = (), '__str__'\n"
    for name in ("One", "Two"):
        file = tmp_path / "custom_nodes" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{pack}NODE_CLASS_MAPPINGS = {{'Pack{name}': A}}\n")
    base = ["nodes", "--base-directory", str(tmp_path)]

    def listed(*flags: str) -> list[str]:
        assert main([*base, *flags]) == 0
        return [word for word in capsys.readouterr().out.split() if word.startswith("Pack")]

    assert listed() == ["PackOne", "PackTwo"]
    assert listed("--whitelist-custom-nodes", "Two") == ["PackTwo"]
    assert listed("--disable-all-custom-nodes") == []
    assert listed("--disable-all-custom-nodes", "--whitelist-custom-nodes", "One") == ["PackOne"]
