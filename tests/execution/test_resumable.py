"""What a call saved is there for the same call of the same node, until the node ends well."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.cache.steps import StepStore
from engine.plugins.node import Context, Node

from .kinds import Bench, kind

PROMPT: dict[str, Any] = {
    "1": {"class_type": "List", "inputs": {}},
    "2": {"class_type": "Count", "inputs": {"x": ["1", 0]}},
}


def bench(folder: Path, *more: Node) -> Bench:
    made = Bench(*more)
    made.executor.steps = StepStore(folder, interval=0.0)
    return made


def counter(broken: list[int], found: list[Any], is_async: bool) -> Node:
    """Saves its input, tells what it finds, and fails for inputs that are ``broken``."""

    def work(ctx: Context, x: int) -> int:
        saved = ctx.resumable.load()
        found.append(saved and (saved[0]["x"].item(), saved[1]["x"]))
        if ctx.resumable.due():
            ctx.resumable.save({"x": torch.tensor(float(x))}, {"x": x})
        if x in broken:
            raise ValueError("broken")
        return x

    async def work_async(ctx: Context, x: int) -> int:
        return work(ctx, x)

    return kind("Count", work_async if is_async else work, ("x",), is_output=True)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_each_call_finds_its_own_state(tmp_path: Path, is_async: bool) -> None:
    broken, found = [30], list[Any]()
    numbers = kind("List", lambda ctx: [10, 20, 30], output_is_list=True)
    first = bench(tmp_path, numbers, counter(broken, found, is_async))
    assert (await first.run(PROMPT, "2")).status == "failed"
    assert first.executor.steps is not None
    first.executor.steps.flush()
    second = bench(tmp_path, numbers, counter([], again := [], is_async))
    assert (await second.run(PROMPT, "2")).status == "done"
    assert found[0] is None
    assert again == [(10.0, 10), (20.0, 20), (30.0, 30)]
    assert second.executor.steps is not None
    second.executor.steps.flush()
    assert not list(tmp_path.iterdir())


async def test_other_inputs_find_nothing(tmp_path: Path) -> None:
    found: list[Any] = []
    made = bench(tmp_path, counter([1], found, False))
    for x in (1, 2, 1):
        await made.run({"2": {"class_type": "Count", "inputs": {"x": x}}}, "2")
        assert made.executor.steps is not None
        made.executor.steps.flush()
    assert found == [None, None, (1.0, 1)]


async def test_without_a_place_nothing_is_ever_due() -> None:
    found: list[Any] = []

    def work(ctx: Context) -> None:
        ctx.resumable.save({}, {})
        found.append((ctx.resumable.due(), ctx.resumable.load()))

    await Bench(kind("Long", work, is_output=True)).run({"1": {"class_type": "Long"}}, "1")
    assert found == [(False, None)]
