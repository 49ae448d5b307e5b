"""A typed function says all there is to know about its node."""

import sys
from pathlib import Path

import pytest

from engine.api import (
    Blocked,
    Bool,
    Choice,
    Float,
    Image,
    Int,
    Latent,
    Lazy,
    Mask,
    Output,
    Text,
    node,
)
from engine.folders import standard
from engine.graph.spec import from_json, object_info, to_json
from engine.plugins.discovery import load, packs_in, prestart
from engine.plugins.node import Context
from engine.plugins.typed import socket_of


@node("Everything", category="test", title="All of it", outputs=("first", "second"))
def everything(
    *,
    image: Image,
    count: Int(1, 9) = 3,
    gain: Float(0, 1, step=0.1) = 0.5,
    name: Choice(["a", "b"]) = "a",
    text: Text(multiline=True) = "",
    flag: Bool() = False,
    mask: Mask = None,
    ctx: Context,
) -> tuple[Image, Latent]:
    """Do everything
    at once.

    Args:
        image: what it
            is about.
        count: how many.

    Returns:
        Nothing of note.
    """
    return image, (count, gain, name, text, flag, mask, ctx)


GAINS = {"in.": Float(0, 1, default=0.5), "out.": Int(0, 9)}


@node("Named", category="test", experimental=True)
def named(*, image: Image, **gains: GAINS) -> Image:
    """Name inputs freely.

    Args:
        image: any.
        gains: how much.
    """
    return gains


NODES = sys.modules[__name__].__dict__["__loom_nodes__"]


def test_inputs_may_have_names_that_are_no_identifiers() -> None:
    info = object_info(NODES["Named"].spec, lambda folder: [])
    required = info["input"]["required"]
    assert list(required) == ["image", "in.", "out."] and info["experimental"]
    expected = {"min": 0.0, "max": 1.0, "default": 0.5, "tooltip": "how much."}
    assert required["in."] == ["FLOAT", expected]
    inputs = {"image": 1, "in.": 0.2, "out.": 3}
    context = Context("1", standard(Path("x")), {}, lambda *_: None, lambda: None)
    assert NODES["Named"].call(inputs, context).values == ({"in.": 0.2, "out.": 3},)


def test_the_spec_follows_from_the_signature() -> None:
    info = object_info(NODES["Everything"].spec, lambda folder: [])
    assert info["display_name"] == "All of it"
    assert info["description"] == "Do everything at once."
    assert info["input_order"] == {
        "required": ["image", "count", "gain", "name", "text", "flag"],
        "optional": ["mask"],
    }
    required = info["input"]["required"]
    assert required["image"] == ["IMAGE", {"tooltip": "what it is about."}]
    assert required["count"] == ["INT", {"default": 3, "min": 1, "max": 9, "tooltip": "how many."}]
    assert required["name"] == [["a", "b"], {"default": "a"}]
    assert info["output"] == ["IMAGE", "LATENT"]
    assert info["output_name"] == ["first", "second"]


def test_specs_survive_json() -> None:
    spec = NODES["Everything"].spec
    assert from_json(to_json(spec)) == spec


def test_the_call_passes_values_and_context() -> None:
    context = Context("1", standard(Path("x")), {}, lambda *_: None, lambda: None)
    inputs = {"image": 1, "count": 2, "gain": 0.1, "name": "b", "text": "t", "flag": True}
    result = NODES["Everything"].call(inputs, context)
    assert result == Output((1, (2, 0.1, "b", "t", True, None, context)))


def test_an_annotation_that_is_no_socket_is_refused() -> None:
    with pytest.raises(TypeError, match=r"is no socket type; use one of engine\.api"):
        socket_of(int)


def test_packs_are_found_and_failures_reported(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(
        "from engine.api import Int, node\n"
        "@node('Good', category='x')\ndef good(*, n: Int(0, 1) = 0) -> Int(0, 1):\n    return n\n"
        "@node('KSampler', category='x')\ndef stolen() -> Int(0, 1):\n    return 0\n"
    )
    (tmp_path / "bad.py").write_text("import a_module_that_is_not_there\n")
    (tmp_path / "off.disabled").mkdir()
    catalogue = load(packs_in([tmp_path]))
    assert "Good" in catalogue.nodes
    assert catalogue.nodes["KSampler"].spec.category == "sampling"
    reports = {pack.name: pack for pack in catalogue.packs}
    assert set(reports) == {"good", "bad"}
    assert "a_module_that_is_not_there" in reports["bad"].error
    assert reports["good"].nodes == ("Good", "KSampler")


@node("Stepwise", category="test")
def stepwise(*, count: Int(0, 9) = 3) -> Int(0, 9):
    """Report each step."""
    for step in range(count):
        yield step + 1, count
    return count


def test_a_generator_reports_what_it_yields() -> None:
    seen: list[tuple[float, float, object]] = []
    report = lambda *step: seen.append(step)  # noqa: E731
    context = Context("1", standard(Path("x")), {}, report, lambda: None)
    assert NODES["Stepwise"].call({"count": 2}, context) == Output((2,))
    assert seen == [(1, 2, None), (2, 2, None)]


async def test_an_async_function_is_an_asynchronous_node() -> None:
    @node("Waiting", category="test")
    async def waiting(*, ctx: Context) -> Int(0, 9):
        """Wait."""
        return 4

    made = NODES["Waiting"]
    context = Context("1", standard(Path("x")), {}, lambda *_: None, lambda: None)
    assert made.is_async
    assert await made.call({}, context) == Output((4,))


def test_an_async_generator_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot return a result"):

        @node("Endless", category="test")
        async def endless() -> Int(0, 9):
            """Never ends."""
            yield 1, 2


def test_lazy_parameters_need_somebody_who_asks() -> None:
    with pytest.raises(TypeError, match="Node Idle: a would never be evaluated"):

        @node("Idle", category="test")
        def idle(*, a: Lazy[Image]) -> Image:
            """Use nothing."""
            return a

    @node("Choosy", category="test", needs=lambda inputs: ["a"] if inputs["gain"] else [])
    def choosy(*, a: Lazy[Image] = None, gain: Lazy[Float(0, 1)] = 0.5) -> Image:
        """Use what is needed."""
        return a

    made = NODES["Choosy"]
    assert [item.options for item in made.spec.inputs] == [
        {"lazy": True},
        {"default": 0.5, "min": 0.0, "max": 1.0, "lazy": True},
    ]
    assert made.needs is not None
    assert made.needs({"gain": 1}, None) == ["a"]


def test_checks_fingerprints_and_blocks_are_taken_over() -> None:
    @node(
        "Hooked",
        category="test",
        check=lambda inputs: inputs["n"] > 1 or "too small",
        fingerprint=lambda inputs: inputs["n"] * 2,
    )
    def hooked(*, n: Int(0, 9) = 3) -> tuple[Int(0, 9), Int(0, 9)]:
        """Block."""
        return Blocked("no")

    made = NODES["Hooked"]
    assert made.spec.own_checks == ()
    assert made.check is not None and made.check({"n": 1}, {}) == "too small"
    assert made.fingerprint is not None and made.fingerprint({"n": 4}, None) == 8
    context = Context("1", standard(Path("x")), {}, lambda *_: None, lambda: None)
    assert made.call({}, context) == Output((Blocked("no"), Blocked("no")))


def test_some_packs_and_what_runs_before_them(tmp_path: Path) -> None:
    for name, script in (("first", "early = 1"), ("second", "raise OSError('no driver')")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
        (tmp_path / name / "prestartup_script.py").write_text(
            f"import pathlib\n{script}\npathlib.Path(__file__).with_name('ran').touch()\n"
        )
    (tmp_path / "third.py").write_text("NODE_CLASS_MAPPINGS = {}\n")
    (tmp_path / "off.disabled").mkdir()
    packs = packs_in([tmp_path])
    assert [path.name for path in packs] == ["first", "second", "third.py"]
    assert packs_in([tmp_path], ()) == []
    assert [path.stem for path in packs_in([tmp_path], ("third", "second"))] == ["second", "third"]
    early = prestart(packs)
    assert (tmp_path / "first" / "ran").exists() and not (tmp_path / "second" / "ran").exists()
    reports = {pack.name: pack.error for pack in load(packs, early=early).packs}
    assert (reports["first"], reports["third"]) == ("", "")
    assert "prestartup_script.py failed" in reports["second"]
    assert "no driver" in reports["second"]
