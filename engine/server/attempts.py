"""How often somebody may guess a password.

Invariant: after ``FREE`` failures for a name or from an address, the next guess has to wait, twice
as long after each further failure; what is remembered is bounded.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

FREE, FIRST_SECONDS, MOST_SECONDS = 5, 2.0, 300.0
MOST_REMEMBERED = 10_000


class Attempts:
    """Counts failures."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, *who: str) -> float:
        """Seconds until any of these may guess again; 0 if now."""
        return max(0.0, *(self._until(name) - self._clock() for name in who))

    def _until(self, name: str) -> float:
        count, last = self._failures.get(name, (0, 0.0))
        if count < FREE:
            return float("-inf")
        return last + float(min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(count - FREE, 20)))

    def failed(self, *who: str) -> None:
        """Note a wrong guess."""
        for name in who:
            count, _ = self._failures.pop(name, (0, 0.0))
            self._failures[name] = (count + 1, self._clock())
        while len(self._failures) > MOST_REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, *who: str) -> None:
        """Forget the failures."""
        for name in who:
            self._failures.pop(name, None)
