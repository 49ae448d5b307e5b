"""The cache keeps to its budget and gives up what is cheapest to compute again."""

from hypothesis import given
from hypothesis import strategies as st

from engine.cache.greedydual import GreedyDual
from engine.cache.memory import ENTRY_BYTES, Entry, ResultCache
from engine.cache.parts import nbytes
from engine.graph.signature import Signature


class Array:
    """Something with a size, like a tensor."""

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes


def entry(size: int, seconds: float = 1.0) -> Entry:
    return Entry(([Array(size)],), {}, seconds)


def room(entries: int, size: int = 50) -> int:
    """A budget for so many entries."""
    return entries * (ENTRY_BYTES + size)


def name(text: object) -> Signature:
    return Signature(str(text))


def test_sizes_count_shared_parts_once() -> None:
    array = Array(100)
    assert nbytes([{"a": array}, (array, "four"), 3, None]) == 104


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 60), st.floats(0, 10)), max_size=40))
def test_never_over_budget(actions: list[tuple[int, int, float]]) -> None:
    cache = ResultCache(room(2))
    for key, size, seconds in actions:
        cache.put(name(key), entry(size * 10, seconds))
        assert cache.used <= room(2)
        sizes = [nbytes(e.values) + ENTRY_BYTES for e in cache._entries.values()]
        assert cache.used == sum(sizes)


def test_the_cheap_goes_before_the_dear() -> None:
    cache = ResultCache(room(2))
    cache.put(name("dear"), entry(50, seconds=10))
    cache.put(name("cheap"), entry(50, seconds=0.1))
    cache.put(name("new"), entry(50, seconds=1))
    assert name("dear") in cache and name("cheap") not in cache


def test_what_is_not_used_ages() -> None:
    cache = ResultCache(room(2))
    cache.put(name("old"), entry(50, seconds=3))
    for i in range(20):
        cache.put(name(i), entry(50, seconds=1))
    assert name("old") not in cache


def test_what_is_larger_than_the_budget_is_not_kept() -> None:
    cache = ResultCache(room(2))
    cache.put(name("small"), entry(10))
    cache.put(name("large"), entry(room(2)))
    assert name("small") in cache and name("large") not in cache


def test_clear_and_discard() -> None:
    cache = ResultCache(room(2))
    cache.put(name(1), entry(10))
    cache.put(name(2), entry(10))
    cache.discard(name(1))
    assert (cache.get(name(1)), cache.used, len(cache)) == (None, 10 + ENTRY_BYTES, 1)
    cache.clear()
    assert (cache.used, len(cache)) == (0, 0)


def test_using_the_same_again_and_again_leaves_nothing_behind() -> None:
    room: GreedyDual[int] = GreedyDual(100)
    for key in range(3):
        room.add(key, 10, 1.0)
    for _ in range(1000):
        room.use(1)
    assert len(room._queue) == 3


def test_what_runs_hold_is_looked_at_once_when_room_is_due() -> None:
    """Thousands of pinned results over the budget must not make each new one slower."""
    looks = 0

    class Counting(ResultCache):
        def _is_pinned(self, signature: Signature) -> bool:
            nonlocal looks
            looks += 1
            return super()._is_pinned(signature)

    cache = Counting(room(10))
    names = [name(i) for i in range(2000)]
    for each in names:
        cache.pin(each)
        cache.put(each, entry(50))
    assert looks < 10 * len(names)
    assert 0 < len(cache) <= 10
    kept = [each for each in names if each in cache]
    for each in names:
        cache.unpin(each)
    for i in range(3000, 3020):
        cache.put(name(i), entry(50))
    assert not any(each in cache for each in kept) and 0 < len(cache) <= 10
