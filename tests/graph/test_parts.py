"""Prompts fall into parts that share no work."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.graph.parts import groups, is_loader, partition
from engine.graph.prompt import Prompt, PromptNode, parse, upstream
from engine.graph.spec import InputSpec, NodeSpec, OutputSpec, index

A, B = InputSpec("a", "*"), InputSpec("b", "*")


def kind(id: str, *outputs: str, **more: Any) -> NodeSpec:
    made = tuple(OutputSpec(type, type) for type in outputs)
    return NodeSpec(id, id, "test", (A, B), made, **more)


SPECS = index(
    [
        kind("Load", "MODEL", "CLIP", "VAE"),
        kind("Read", "IMAGE", lane="host"),
        kind("Roll", "INT", lane="host", idempotent=False),
        kind("Work", "LATENT"),
        kind("Tee", "IMAGE", lane="host", is_output=True),
        kind("Save", lane="host", is_output=True),
    ]
)


def prompt(**nodes: tuple[str, ...]) -> Prompt:
    """Nodes by id: kind, then the sources."""
    return parse(
        {
            id: {
                "class_type": kind,
                "inputs": {name: [s, 0] for name, s in zip("ab", sources, strict=False)},
            }
            for id, (kind, *sources) in nodes.items()
        }
    )


def test_branches_below_one_loader_are_apart() -> None:
    nodes = prompt(
        model=("Load",),
        x=("Work", "model"),
        y=("Work", "model"),
        save_x=("Save", "x"),
        save_y=("Save", "y"),
        also_y=("Save", "y"),
    )
    found = partition(nodes, ["save_x", "save_y", "also_y"], SPECS, 2)
    assert found == [("save_x",), ("save_y", "also_y")]
    assert partition(nodes, ["save_x", "save_y", "also_y"], SPECS, 1) == [
        ("save_x", "save_y", "also_y")
    ]


def test_shared_work_outputs_and_dice_keep_branches_together() -> None:
    for shared in ("Work", "Tee", "Roll"):
        nodes = prompt(
            top=(shared,),
            x=("Work", "top"),
            y=("Work", "top"),
            save_x=("Save", "x"),
            save_y=("Save", "y"),
        )
        assert groups(nodes, ["save_x", "save_y"], SPECS) == [["save_x", "save_y"]]


def test_a_loader_behind_work_shares_that_work() -> None:
    nodes = prompt(
        train=("Work",),
        model=("Load", "train"),
        x=("Work", "model"),
        y=("Work", "model"),
        save_x=("Save", "x"),
        save_y=("Save", "y"),
    )
    assert len(groups(nodes, ["save_x", "save_y"], SPECS)) == 1


def test_what_needs_no_device_is_no_part_of_its_own() -> None:
    nodes = prompt(
        picture=("Read",),
        show=("Save", "picture"),
        x=("Work", "picture"),
        y=("Work", "picture"),
        save_x=("Save", "x"),
        save_y=("Save", "y"),
    )
    assert partition(nodes, ["show", "save_x", "save_y"], SPECS, 9) == [
        ("show", "save_x"),
        ("save_y",),
    ]
    assert partition(nodes, ["show"], SPECS, 9) == [("show",)]


def test_only_handles_make_a_loader() -> None:
    assert [id for id, spec in SPECS.items() if is_loader(spec)] == ["Load"]


KINDS = ["Load", "Read", "Roll", "Work", "Tee"]


@st.composite
def prompts(draw: st.DrawFn) -> tuple[Prompt, list[str]]:
    nodes: dict[str, tuple[str, ...]] = {}
    for i in range(draw(st.integers(1, 12))):
        above = draw(st.lists(st.sampled_from(sorted(nodes)), max_size=2)) if nodes else []
        nodes[f"n{i}"] = (draw(st.sampled_from(KINDS)), *above)
    for i, source in enumerate(draw(st.lists(st.sampled_from(sorted(nodes)), min_size=1))):
        nodes[f"save{i}"] = ("Save", source)
    outputs = [id for id, (kind, *_) in nodes.items() if kind in ("Save", "Tee")]
    return prompt(**nodes), draw(st.permutations(outputs))


def shares(nodes: Prompt, one: str, other: str) -> bool:
    """Whether two outputs belong together, the slow way: some node above both counts."""
    both = upstream(nodes, [one]) & upstream(nodes, [other])
    specs: Mapping[str, NodeSpec] = {id: SPECS[nodes[id].kind] for id in both}
    return any(
        spec.is_output or not spec.idempotent or (spec.lane == "device" and not is_loader(spec))
        for spec in specs.values()
    )


@given(prompts(), st.integers(1, 4))
def test_parts_share_nothing_and_lose_nothing(made: tuple[Prompt, list[str]], most: int) -> None:
    nodes, outputs = made
    parts = partition(nodes, outputs, SPECS, most)
    assert 1 <= len(parts) <= most
    assert sorted(id for part in parts for id in part) == sorted(outputs)
    assert all(list(part) == [id for id in outputs if id in part] for part in parts)
    for one, other in combinations(parts, 2):
        assert not any(shares(nodes, x, y) for x in one for y in other)


@given(prompts())
def test_groups_are_as_small_as_they_can_be(made: tuple[Prompt, list[str]]) -> None:
    nodes, outputs = made
    for group in groups(nodes, outputs, SPECS):
        reached, stack = {group[0]}, [group[0]]
        while stack:
            one = stack.pop()
            new = [id for id in group if id not in reached and shares(nodes, one, id)]
            reached.update(new)
            stack += new
        assert reached == set(group)


def test_a_ladder_of_outputs_is_walked_in_linear_time() -> None:
    """Each node is looked at a few times, however many outputs there are."""

    class Counting(dict[str, PromptNode]):
        looks = 0

        def __getitem__(self, id: str) -> PromptNode:
            self.looks += 1
            return super().__getitem__(id)

    nodes: dict[str, tuple[str, ...]] = {"n0": ("Load",)}
    for i in range(1, 10_000):
        nodes[f"n{i}"] = ("Load", f"n{i - 1}")
        nodes[f"s{i}"] = ("Save", f"n{i}")
    made = Counting(prompt(**nodes))
    partition(made, [id for id in made if id.startswith("s")], SPECS, 4)
    assert made.looks < 20 * len(made)
