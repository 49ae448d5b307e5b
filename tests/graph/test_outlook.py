"""Prospects: every node that would run says why, and faults block."""

from engine.graph.outlook import Prospect, outlook, peak_bytes, total_ms
from engine.graph.prompt import parse
from engine.store.timings import Usual

from .kinds import node

OLD = {
    "s": node("Source"),
    "m": node("Mix", a=["s", 0], factor=0.5),
    "o": node("Save", images=["m", 0]),
}
NEW = {**OLD, "m": node("Mix", a=["s", 0], factor=0.7)}


def test_reasons_name_what_changed_and_what_runs_above() -> None:
    states = {"s": "cached", "m": "run", "o": "run"}
    found = outlook(
        parse(NEW), states, {}, parse(OLD), {"Mix": Usual(12.0, 7, 9), "Source": Usual(5.0)}
    )
    assert found == {
        "s": Prospect("cached"),
        "m": Prospect("run", ("factor changed",), 12.0, 7, 9),
        "o": Prospect("run", ("node m runs",)),
    }
    assert total_ms(found) == 12.0


def test_a_first_run_and_a_forgotten_result() -> None:
    states = {"s": "run", "m": "idle", "o": "cached"}
    assert outlook(parse(OLD), states, {}, None, {})["s"].reasons == ("it has not run yet",)
    again = outlook(parse(OLD), states, {}, parse(OLD), {})
    assert again["s"].reasons == ("its result is no longer kept",)
    assert (again["m"].state, again["o"].state) == ("idle", "cached")


def test_faults_block() -> None:
    errors = {"m": {"errors": [{"message": "Value 7 bigger than max of 1", "details": "factor"}]}}
    found = outlook(parse(OLD), {}, errors, None, {})
    assert found["m"] == Prospect("blocked", ("Value 7 bigger than max of 1: factor",))
    assert found["o"] == Prospect("blocked", ("node m cannot run",))
    assert found["s"] == Prospect("idle", ("nothing that can run needs it",))


def test_a_new_node_says_so() -> None:
    found = outlook(parse(NEW), dict.fromkeys(NEW, "run"), {}, parse({"s": NEW["s"]}), {})
    assert found["m"].reasons == ("it is new", "node s runs")


def test_the_peak_is_what_is_held_at_once() -> None:
    """``s`` is held while ``m`` runs, and given up after; a call may take more than it gives."""
    usual = {"Source": Usual(1.0, 100), "Mix": Usual(1.0, 10, 30), "Save": Usual(1.0, 0, 50)}
    found = outlook(parse(OLD), dict.fromkeys(OLD, "run"), {}, None, usual)
    assert peak_bytes(parse(OLD), found) == 130
    known = {**dict.fromkeys(OLD, "run"), "s": "cached"}
    assert peak_bytes(parse(OLD), outlook(parse(OLD), known, {}, None, usual)) == 60
    assert peak_bytes(parse(OLD), outlook(parse(OLD), known, {}, None, {})) is None
