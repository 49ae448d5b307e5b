"""Which worker should have a job: the one that holds most of what the job needs.

Invariant: what a worker holds is judged by what it was given; a wrong guess costs time, never
the result. Weights count more than results.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from engine.graph.prompt import Prompt
from engine.graph.signature import Signature, signatures
from engine.graph.spec import Specs

#: Results that are remembered of a worker.
MOST_RESULTS = 20_000


@dataclass(frozen=True)
class Needs:
    """What a job can make use of: files of models (folder, name), and results by their names."""

    files: frozenset[tuple[str, str]]
    results: frozenset[Signature]


def needs(prompt: Prompt, specs: Specs) -> Needs:
    """What the nodes of a validated prompt need."""
    files = {
        (item.folder, name)
        for node in prompt.values()
        for item in specs[node.kind].inputs
        if item.folder is not None and isinstance(name := node.inputs.get(item.name), str)
    }
    names = signatures(prompt, specs, lambda folder, name: name, {})
    return Needs(frozenset(files), frozenset(names.values()))


class Holdings:
    """What a worker probably holds."""

    def __init__(self) -> None:
        self._files: set[tuple[str, str]] = set()
        self._results: OrderedDict[Signature, None] = OrderedDict()

    def gain(self, needs: Needs) -> None:
        """Note that a job is given to the worker."""
        self._files |= needs.files
        for name in needs.results:
            self._results[name] = None
            self._results.move_to_end(name)
        while len(self._results) > MOST_RESULTS:
            self._results.popitem(last=False)

    def lose(self) -> None:
        """Note that the worker has given everything up."""
        self._files.clear()
        self._results.clear()

    def share(self, needs: Needs) -> tuple[int, int]:
        """How many of the files and results that a job needs are there."""
        return len(self._files & needs.files), sum(n in self._results for n in needs.results)


def best(holdings: Iterable[Holdings], needs: Needs) -> int:
    """The position of the worker that holds most; the first of equals."""
    shares = [held.share(needs) for held in holdings]
    return shares.index(max(shares))
