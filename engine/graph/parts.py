"""Parts of a prompt that share no work for a device, and so may run on several at once.

Two outputs belong together if a node that works is above both. Loaders do not count: their
outputs are mere handles on weights, which every device has to load for itself anyway. Nor do
nodes of the host lane, unless they are outputs, which must run once.

Invariant: pure and linear in nodes + links; each output is in exactly one part, in the order
that was given.
"""

from collections.abc import Iterable, Sequence

from .prompt import Prompt, PromptNode, topological
from .spec import NodeSpec, Specs

#: Types of sockets that carry handles on weights.
HANDLES = frozenset(
    {
        "CLIP",
        "CLIP_VISION",
        "CONTROL_NET",
        "GLIGEN",
        "MODEL",
        "STYLE_MODEL",
        "UPSCALE_MODEL",
        "VAE",
    }
)


def is_loader(spec: NodeSpec) -> bool:
    """Whether all that a node gives are handles."""
    return bool(spec.outputs) and all(output.type in HANDLES for output in spec.outputs)


def _works(spec: NodeSpec) -> bool:
    return spec.lane == "device" and not is_loader(spec)


def _counts(spec: NodeSpec) -> bool:
    """Whether sharing a node means belonging together."""
    return spec.is_output or not spec.idempotent or _works(spec)


def groups(prompt: Prompt, outputs: Sequence[str], specs: Specs) -> list[list[str]]:
    """The outputs, grouped by shared work; those of one group have to stay together."""
    heavy = _heavy(prompt, specs)
    owner: dict[str, str] = {}
    united = {id: id for id in outputs}
    for output in outputs:
        stack = [output]
        while stack:
            id = stack.pop()
            if id in owner:
                if id in heavy:
                    united[_root(united, output)] = _root(united, owner[id])
                continue
            owner[id] = output
            stack += _sources(prompt[id])
    found: dict[str, list[str]] = {}
    for output in outputs:
        found.setdefault(_root(united, output), []).append(output)
    return list(found.values())


def _heavy(prompt: Prompt, specs: Specs) -> set[str]:
    """The nodes that count, and all that depend on one that does."""
    heavy: set[str] = set()
    for id in topological(prompt):
        node = prompt[id]
        if _counts(specs[node.kind]) or any(source in heavy for source in _sources(node)):
            heavy.add(id)
    return heavy


def _sources(node: PromptNode) -> Iterable[str]:
    return (link.node for _, link in node.links())


def _root(united: dict[str, str], id: str) -> str:
    """The one that stands for a group; paths are halved on the way (Tarjan, van Leeuwen 1984)."""
    while united[id] != id:
        united[id] = united[united[id]]
        id = united[id]
    return id


def partition(
    prompt: Prompt, outputs: Sequence[str], specs: Specs, most: int
) -> list[tuple[str, ...]]:
    """At most so many parts, about equally large; what needs no device is in the first.

    Args:
        prompt: validated nodes.
        outputs: ids of the output nodes to run.
        specs: of all kinds in the prompt.
        most: how many parts there may be, at least 1.
    """
    if most <= 1 or len(outputs) <= 1:
        return [tuple(outputs)]
    weights = _weights(prompt, groups(prompt, outputs, specs), specs)
    working = sorted((item for item in weights if item[0]), key=lambda item: -item[0])
    count = max(1, min(most, len(working)))
    shares: list[tuple[int, list[str]]] = [(0, []) for _ in range(count)]
    for weight, group in working:  # the largest first, each to the smallest share
        index = min(range(count), key=lambda i: shares[i][0])
        shares[index] = (shares[index][0] + weight, shares[index][1] + group)
    shares[0][1].extend(id for weight, group in weights if not weight for id in group)
    place = {id: index for index, (_, ids) in enumerate(shares) for id in ids}
    return [tuple(id for id in outputs if place[id] == index) for index in range(count)]


def _weights(
    prompt: Prompt, found: Iterable[list[str]], specs: Specs
) -> list[tuple[int, list[str]]]:
    """Per group how many nodes work for it."""
    seen: set[str] = set()
    weighed = []
    for group in found:
        weight, stack = 0, list(group)
        while stack:
            id = stack.pop()
            if id not in seen:
                seen.add(id)
                weight += _works(specs[prompt[id].kind])
                stack += _sources(prompt[id])
        weighed.append((weight, group))
    return weighed
