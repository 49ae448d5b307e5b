"""Laws of signatures: equal work has equal names, different work different ones."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from engine.graph.prompt import parse, topological
from engine.graph.signature import Signature, signatures

from .kinds import SPECS, chain, node


def sign(prompt: dict[str, object], stamp: str = "") -> dict[str, Signature]:
    return signatures(parse(prompt), SPECS, lambda folder, name: f"{name}{stamp}")


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, object]:
    """Random acyclic graphs of Mix nodes over one source."""
    nodes: dict[str, object] = {"n0": node("Source")}
    for i in range(1, draw(st.integers(1, 12))):
        a, b = (f"n{draw(st.integers(0, i - 1))}" for _ in range(2))
        nodes[f"n{i}"] = node("Mix", a=[a, 0], b=[b, 0], factor=draw(st.sampled_from([0.0, 1.0])))
    return nodes


@given(graphs(), st.randoms())
def test_names_and_order_of_nodes_do_not_matter(prompt, random) -> None:
    renamed = {id: f"x{id}" for id in prompt}
    order = list(prompt.items())
    random.shuffle(order)
    other = {
        renamed[id]: {
            "class_type": data["class_type"],
            "inputs": {
                name: [renamed[value[0]], value[1]] if isinstance(value, list) else value
                for name, value in data["inputs"].items()
            },
        }
        for id, data in order
    }
    mine, theirs = sign(prompt), sign(other)
    assert {id: theirs[renamed[id]] for id in prompt} == mine


@given(graphs())
def test_a_change_reaches_exactly_what_depends_on_it(prompt) -> None:
    changed = next((i for i, d in prompt.items() if d["class_type"] == "Mix"), None)
    if changed is None:
        return
    other = {**prompt, changed: node("Mix", **{**prompt[changed]["inputs"], "factor": 0.25})}
    dependants = {changed}
    for id in topological(parse(prompt)):
        links = (v[0] for v in prompt[id]["inputs"].values() if isinstance(v, list))
        if dependants.intersection(links):
            dependants.add(id)
    before, after = sign(prompt), sign(other)
    assert {id for id in prompt if before[id] != after[id]} == dependants


def test_same_in_every_process() -> None:
    code = (
        "from tests.graph.test_signature import sign; from tests.graph.kinds import chain;"
        "print(sign(chain(3))['save'])"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert elsewhere.stdout.strip() == sign(chain(3))["save"]


def test_nodes_that_may_not_share_do_not() -> None:
    names = sign(
        {"1": node("Random"), "2": node("Random"), "3": node("Source"), "4": node("Source")}
    )
    assert names["1"] != names["2"]
    assert names["3"] == names["4"]


def test_a_replaced_file_makes_a_new_result() -> None:
    prompt = {"e": node("Empty"), "s": node("Sampler", latent=["e", 0], file="base.safetensors")}
    assert sign(prompt, "old")["s"] != sign(prompt, "new")["s"]
    assert sign(prompt, "old")["e"] == sign(prompt, "new")["e"]


def test_a_hundred_thousand_nodes_do_not_recurse() -> None:
    assert len(set(sign(chain(100_000)).values())) == 100_002
