"""Signatures: results are named by what made them (a Merkle tree over the graph).

Invariant: two nodes have the same signature in any process and at any time exactly if the
same code would get the same constants and the same upstream results. O(nodes + links).
"""

import hashlib
import json
from collections import ChainMap
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, NewType

from .loops import BODY
from .prompt import Link, Prompt, PromptNode, topological
from .spec import Specs

#: Hex name of the results of one node.
Signature = NewType("Signature", str)

#: Stamp of a file that a folder choice names: folder, name -> changes when the file does.
FileStamp = Callable[[str, str], str]


def signatures(
    prompt: Prompt,
    specs: Specs,
    file_stamp: FileStamp,
    fingerprints: Mapping[str, Any] | None = None,
    known: Mapping[str, Signature] | None = None,
) -> dict[str, Signature]:
    """The signature of every node of a validated prompt.

    Args:
        prompt: validated.
        specs: kinds of the nodes.
        file_stamp: stamps of chosen files, so that a replaced file makes a new result.
        fingerprints: per node id, what its own change check returned.
        known: signatures of nodes outside the prompt that it links to.
    """
    done: dict[str, Signature] = {}
    sources = ChainMap(done, dict(known)) if known else done
    prints, choices = fingerprints or {}, _FileChoices(specs)
    for id in topological(prompt):
        node = prompt[id]
        spec = specs[node.kind]
        identity = None if spec.idempotent else id
        own = _canonical(prints[id]) if id in prints else None
        files = [file_stamp(folder, name) for folder, name in choices.of(node)]
        # Python writes plain values quickly and always in the same way.
        text = repr((spec.id, spec.version, identity, own, _inputs(node, sources), files))
        done[id] = Signature(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
    return done


def _inputs(node: PromptNode, done: Mapping[str, Signature]) -> list[tuple[Any, ...]]:
    pairs = sorted(node.inputs.items(), key=_name)
    return [_input(name, value, done) for name, value in pairs if name != BODY]


def _input(name: str, value: Any, done: Mapping[str, Signature]) -> tuple[Any, ...]:
    if type(value) is Link:
        return name, done[value.node], value.slot
    return name, value if type(value) in _PLAIN else (_canonical(value),)


class _FileChoices:
    """Per kind of node, its inputs that name files; found once, because most have none."""

    def __init__(self, specs: Specs) -> None:
        self._specs = specs
        self._known: dict[str, list[tuple[str, str]]] = {}

    def of(self, node: PromptNode) -> list[tuple[str, str]]:
        """Folder and file name of each file that a node names."""
        if node.kind not in self._known:
            inputs = self._specs[node.kind].inputs
            self._known[node.kind] = [(i.folder, i.name) for i in inputs if i.folder is not None]
        chosen = ((folder, node.inputs.get(name)) for folder, name in self._known[node.kind])
        return [(folder, name) for folder, name in chosen if isinstance(name, str)]


_name = itemgetter(0)
_PLAIN = frozenset({str, int, float, bool, type(None)})
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=repr).encode
