"""Questions to the worker about prompts: the checks that only a node's own code can make.

Invariant: a question is always answered in time; a worker that is away, dead or too slow
counts as having nothing against the prompt, since it checks again before it runs it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from engine.graph.faults import Fault
from engine.graph.prompt import Prompt, to_json
from engine.graph.spec import Specs
from engine.workers.local import LocalWorker
from engine.workers.protocol import Message

#: How long a prompt may wait for the worker's opinion.
PATIENCE_SECONDS = 30.0


class Checks:
    """Asks the worker."""

    def __init__(self, worker: LocalWorker) -> None:
        self._worker = worker
        self._numbers = count()
        self._open: dict[int, asyncio.Future[Mapping[str, Any]]] = {}

    async def faults(self, prompt: Prompt, specs: Specs) -> dict[str, list[Fault]]:
        """What nodes have against a validated prompt; asks only if some node wants to be asked."""
        if all(specs[node.kind].own_checks is None for node in prompt.values()):
            return {}
        number = next(self._numbers)
        answer = self._open[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._worker.ready.wait()
                self._worker.send(Message("check", {"ask": number, "prompt": to_json(prompt)}))
                return {id: _faults(found) for id, found in (await answer).items()}
        except TimeoutError:
            return {}
        finally:
            del self._open[number]

    def answered(self, data: Mapping[str, Any]) -> None:
        """Take the worker's answer in."""
        answer = self._open.get(data["ask"])
        if answer is not None and not answer.done():
            answer.set_result(data["faults"])

    def give_up(self) -> None:
        """Stop waiting for answers of a worker that has ended."""
        for answer in self._open.values():
            if not answer.done():
                answer.set_result({})


def _faults(found: Sequence[Mapping[str, Any]]) -> list[Fault]:
    return [Fault(**item) for item in found]
