"""Who of the free workers gets what of a job.

Invariant: every output is given to exactly one worker; with one free worker nothing is weighed.
"""

from collections.abc import Sequence

from engine.graph.parts import partition
from engine.graph.prompt import Prompt, upstream
from engine.graph.spec import Specs
from engine.workers.placement import best, needs
from engine.workers.pool import Member


def assign(
    prompt: Prompt, outputs: Sequence[str], specs: Specs, free: Sequence[Member], most: int
) -> dict[Member, tuple[str, ...]]:
    """Share the outputs of a job out.

    Args:
        prompt: validated nodes.
        outputs: ids of the output nodes to run.
        specs: of all kinds in the prompt.
        free: workers, in the order in which they are taken if they hold equally much.
        most: how many of them may be taken.
    """
    if len(free) == 1:
        return {free[0]: tuple(outputs)}
    left, shares = list(free), {}
    for part in partition(prompt, outputs, specs, most):
        above = upstream(prompt, part)
        wanted = needs({id: node for id, node in prompt.items() if id in above}, specs)
        member = left.pop(best((member.holdings for member in left), wanted))
        member.holdings.gain(wanted)
        shares[member] = part
    return shares
