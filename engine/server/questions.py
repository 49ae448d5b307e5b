"""Questions to workers about prompts: what only they can know without running them.

Invariant: a question is always settled in time; a worker that is away, dead or too slow
counts as having no answer, and whoever asked goes on without.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from engine.graph.faults import Fault
from engine.graph.prompt import Prompt, to_json
from engine.graph.spec import Specs
from engine.workers.pool import Member, Pool
from engine.workers.protocol import Message

#: How long a prompt may wait for the worker's opinion.
PATIENCE_SECONDS = 30.0


class Questions:
    """Asks any worker that is ready, one without jobs if there is one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._numbers = count()
        self._open: dict[int, asyncio.Future[Any]] = {}
        self._asked: dict[int, Member] = {}

    async def faults(self, prompt: Prompt, specs: Specs) -> dict[str, list[Fault]]:
        """What nodes have against a validated prompt; asks only if some node wants to be asked.

        No answer means no fault, since the worker checks again before it runs the prompt.
        """
        if all(specs[node.kind].own_checks is None for node in prompt.values()):
            return {}
        found = await self._ask("check", {"prompt": to_json(prompt)}) or {}
        return {id: _faults(faults) for id, faults in found.items()}

    async def body(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The body of a prompt after packs have seen it; as it was if they do not answer."""
        changed = await self._ask("on_prompt", {"body": body})
        return changed if isinstance(changed, dict) else body

    async def states(self, prompt: Prompt, outputs: Sequence[str]) -> dict[str, str] | None:
        """Per node of a validated prompt ``cached``, ``run`` or ``idle``; None if unanswered."""
        data = {"prompt": to_json(prompt), "outputs": list(outputs)}
        found: dict[str, str] | None = await self._ask("outlook", data)
        return found

    async def reload(self, pack: str) -> Mapping[str, Any] | None:
        """Let all workers load a pack anew; what one of them says of it, None if none answers."""
        ready = self._pool.ready()
        asked = (self._ask("reload", {"pack": pack}, member) for member in ready)
        answers = [answer for answer in await asyncio.gather(*asked) if answer is not None]
        return answers[0] if answers else None

    async def _ask(self, kind: str, data: Mapping[str, Any], whom: Member | None = None) -> Any:
        number = next(self._numbers)
        answer = self._open[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                member = self._asked[number] = whom or await self._pool.wait()
                member.process.send(Message(kind, {"ask": number, **data}))
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._open[number]
            self._asked.pop(number, None)

    def answered(self, data: Mapping[str, Any]) -> None:
        """Take the worker's answer in."""
        answer = self._open.get(data["ask"])
        if answer is not None and not answer.done():
            answer.set_result(data["answer"])

    def give_up(self, lost: Member) -> None:
        """Stop waiting for answers of a worker that has ended."""
        for number, member in self._asked.items():
            if member is lost and not self._open[number].done():
                self._open[number].set_result(None)


def _faults(found: Sequence[Mapping[str, Any]]) -> list[Fault]:
    return [Fault(**item) for item in found]
