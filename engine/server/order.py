"""What a worker has to know of a validated prompt beside the prompt itself.

Invariant: the prompt as it was sent, without what was dropped and with what was changed, is
the validated prompt. Most nodes are neither, so that hardly anything is sent twice.
"""

from dataclasses import dataclass

from engine.graph.prompt import Prompt


@dataclass(frozen=True)
class Order:
    """A validated prompt.

    Attributes:
        prompt: all of it.
        changed: its nodes that are not as they were sent.
        dropped: ids that were sent and are not in it.
    """

    prompt: Prompt
    changed: Prompt
    dropped: list[str]


def order(read: Prompt, checked: Prompt) -> Order:
    """Compare a prompt as it was read with what validation made of it."""
    changed = {id: node for id, node in checked.items() if read.get(id) is not node}
    return Order(checked, changed, [id for id in read if id not in checked])
