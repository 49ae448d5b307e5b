"""Each mode keeps what it promises, counted in calls of nodes across prompts."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.cache.config import CacheConfig, from_json
from engine.cache.make import make_cache
from engine.cache.memory import ENTRY_BYTES, Entry, ResultCache, Spare
from engine.graph.signature import Signature
from tests.cache.test_tiers import FakeMover
from tests.execution.kinds import Bench, kind

GB = 1 << 30


def cache(root: Path, **settings: Any) -> ResultCache:
    return make_cache(CacheConfig(**settings), root, FakeMover(), lambda: (8 * GB, 4 * GB))


def chain(*values: int) -> dict[str, Any]:
    """A node for each number, each after the one before, and an output."""
    prompt: dict[str, Any] = {}
    for i, value in enumerate(values):
        source = {"x": [str(i - 1), 0]} if i else {}
        prompt[str(i)] = {"class_type": "Add", "inputs": {"value": value, **source}}
    last = [str(len(values) - 1), 0]
    return {**prompt, "end": {"class_type": "End", "inputs": {"x": last}}}


def calls(cache: ResultCache, prompts: Sequence[dict[str, Any]]) -> list[int]:
    """How many nodes each of the prompts called."""
    count = [0]

    def add(ctx: Any, value: int, x: int = 0) -> int:
        count[0] += 1
        return x + value

    async def run() -> list[int]:
        bench = Bench(
            kind("Add", add, ("value", "x")), kind("End", lambda ctx, x: x, ("x",), is_output=True)
        )
        bench.executor.cache = cache
        found = []
        for prompt in prompts:
            count[0] = 0
            assert (await bench.run(prompt, "end")).status == "done"
            found.append(count[0])
        return found

    return asyncio.run(run())


A, B, C = chain(1, 2, 3), chain(1, 2, 4), chain(7, 8, 9)


def test_by_value_everything_is_kept_while_there_is_room(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    assert calls(kept, [A, B, C, A, B, C]) == [3, 1, 3, 0, 0, 0]
    assert not kept._pins


def test_classic_keeps_the_last_prompt_only(tmp_path: Path) -> None:
    kept = cache(tmp_path, mode="classic")
    assert calls(kept, [A, A, B, A, C, A]) == [3, 0, 1, 1, 3, 3]
    assert not list(tmp_path.iterdir())


def test_lru_keeps_so_many_nodes_across_prompts(tmp_path: Path) -> None:
    assert calls(cache(tmp_path, mode="lru", entries=8), [A, C, A, C]) == [3, 3, 0, 0]
    small = cache(tmp_path, mode="lru", entries=4)
    assert calls(small, [A, C]) == [3, 3]
    assert len(small) == 4
    assert calls(small, [C, A]) == [0, 3]


def test_lru_gives_up_nothing_of_the_prompt_that_runs(tmp_path: Path) -> None:
    kept = cache(tmp_path, mode="lru", entries=2)
    assert calls(kept, [A]) == [3] and len(kept) == 4
    assert calls(kept, [A]) == [0]


def test_none_keeps_nothing(tmp_path: Path) -> None:
    kept = cache(tmp_path, mode="none")
    assert calls(kept, [A, A]) == [3, 3]
    assert len(kept) == 0 and not list(tmp_path.iterdir())


def test_ram_gives_up_the_cheap_while_memory_is_short() -> None:
    free = [1000]
    spare = Spare(100, 500, lambda: free[0], clock=iter(range(100)).__next__)
    kept = ResultCache(GB, spare=spare)
    for key in range(4):
        kept.put(Signature(str(key)), Entry(([b"x" * 100],), {}, float(key)))
    assert len(kept) == 4
    free[0] = 99
    kept.begin(())
    kept.put(Signature("4"), Entry(([b"x" * 100],), {}, 4.0))
    assert len(kept) == 4 and Signature("0") not in kept
    free[0] = 500 - ENTRY_BYTES
    kept.end()
    assert len(kept) == 3 and Signature("1") not in kept
    assert calls(kept, [A, A])[1] == 0


@pytest.mark.parametrize("mode", ["value", "classic", "lru", "ram", "none"])
def test_every_mode_is_made_and_travels(tmp_path: Path, mode: Any) -> None:
    from dataclasses import asdict

    config = CacheConfig(mode=mode, entries=3)
    assert from_json(asdict(config)) == config
    report = make_cache(config, tmp_path, FakeMover(), lambda: (GB, GB)).report()
    assert {"device", "memory", "hits", "misses", "largest"} <= report.keys()
    assert ("disk" in report) == (mode in ("value", "ram"))
