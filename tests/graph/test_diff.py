"""A diff tells what a workflow means differently, and nothing else."""

from engine.graph.diff import Change, diff
from engine.graph.prompt import Link, parse

from .kinds import node


def test_equal_graphs_with_other_numbers_do_not_differ() -> None:
    one = {"1": node("Source"), "2": node("Save", images=["1", 0])}
    two = {"8": node("Save", images=["9", 0]), "9": node("Source")}
    assert diff(parse(one), parse(two)) == []


def test_values_links_and_nodes() -> None:
    one = {"1": node("Source"), "2": node("Mix", a=["1", 0], factor=0.5), "3": node("Empty")}
    two = {"1": node("Source"), "2": node("Mix", a=["4", 0], factor=0.7), "4": node("Random")}
    assert diff(parse(one), parse(two)) == [
        Change("-", "3", "Empty"),
        Change("~", "2", "Mix", "a", Link("1", 0), Link("4", 0)),
        Change("~", "2", "Mix", "factor", 0.5, 0.7),
        Change("+", "4", "Random"),
    ]


def test_nodes_that_cannot_be_told_apart_are_not_guessed() -> None:
    one = {"1": node("Source"), "2": node("Source")}
    two = {"8": node("Source"), "9": node("Source")}
    assert [change.sign for change in diff(parse(one), parse(two))] == ["-", "-", "+", "+"]
