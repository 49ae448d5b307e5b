"""The pack that people copy works."""

from pathlib import Path
from typing import Any

import pytest

from engine.api import Output
from engine.plugins.discovery import load_pack
from tests.execution.kinds import Bench, kind

torch = pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parents[2]
NODES, PACK = load_pack(ROOT / "custom_nodes" / "example_pack")


def prompt_node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def bench() -> Bench:
    grey = kind("Grey", lambda ctx, level: torch.full((1, 2, 2, 3), level), ("level",))
    show = lambda ctx, x: Output((), {"mean": [round(float(x.mean()), 3)]})  # noqa: E731
    return Bench(*NODES.values(), grey, kind("See", show, ("x",), outputs=0, is_output=True))


def test_it_loads_without_errors() -> None:
    assert PACK.error == ""
    assert {"ExampleTint", "ExampleChoose", "ExampleRepeat"} <= NODES.keys()


async def test_choosing_gating_and_expanding() -> None:
    prompt = {
        "bright": prompt_node("Grey", level=1.0),
        "dark": prompt_node("Grey", level=0.0),
        "choose": prompt_node(
            "ExampleChoose", condition=True, on_true=["bright", 0], on_false=["dark", 0]
        ),
        "tint": prompt_node("ExampleTintOften", image=["choose", 0], times=2),
        "gate": prompt_node("ExampleGate", image=["tint", 0], minimum=0.1),
        "see": prompt_node("See", x=["gate", 0]),
    }
    on = bench()
    outcome = await on.run(prompt, "see")
    assert outcome.outputs == {"see": {"mean": [round((1 + 2 * 0.64) / 3, 3)]}}
    assert "dark" not in on.ran()
    prompt["gate"] = prompt_node("ExampleGate", image=["tint", 0], minimum=1.0)
    outcome = await on.run(prompt, "see")
    assert (outcome.status, outcome.outputs) == ("done", {})
    assert "too dark" in on.failures()[0][1]


def test_a_class_repeats_a_text() -> None:
    made = NODES["ExampleRepeat"]
    assert made.check is not None and made.check({"text": " "}, {}) == "type some text first"
    assert made.spec.own_checks == ("text",)
