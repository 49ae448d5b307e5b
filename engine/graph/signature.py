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


class Signed:
    """Signatures of the prompt before, to be used again for the very same objects.

    A node's signature is used again if the object is the same (see :class:`.prompt.Reader`),
    what feeds it has the same signatures, and it depends on no file and no fingerprint; all of
    them are if that holds for the whole prompt.
    """

    def __init__(self) -> None:
        self._specs: Specs = {}
        self._whole: tuple[Prompt, dict[str, Signature]] | None = None
        self._known: dict[str, tuple[PromptNode, list[Signature], Signature]] = {}
        self._fresh: dict[str, tuple[PromptNode, list[Signature], Signature]] = {}

    def begin(self, specs: Specs) -> None:
        """Turn to another prompt; what the last one did not have is forgotten."""
        self._known = self._fresh if specs is self._specs else {}
        self._specs, self._fresh, self._whole = specs, {}, None

    def whole(self, prompt: Prompt, specs: Specs) -> dict[str, Signature] | None:
        """All signatures of this prompt, if they are known."""
        known = self._whole if specs is self._specs else None
        return known[1] if known is not None and known[0] is prompt else None

    def keep_whole(self, prompt: Prompt, found: dict[str, Signature]) -> None:
        """Remember all signatures of a prompt, if each of them is remembered."""
        if len(self._fresh) == len(prompt):
            self._whole = (prompt, found)

    def find(self, node: PromptNode, above: list[Signature]) -> Signature | None:
        """The signature of a node under these sources, if it is known."""
        known = self._known.get(node.id)
        if known is None or known[0] is not node or known[1] != above:
            return None
        self._fresh[node.id] = known
        return known[2]

    def keep(self, node: PromptNode, above: list[Signature], signature: Signature) -> None:
        """Remember a signature."""
        self._fresh[node.id] = (node, above, signature)


def signatures(
    prompt: Prompt,
    specs: Specs,
    file_stamp: FileStamp,
    fingerprints: Mapping[str, Any] | None = None,
    known: Mapping[str, Signature] | None = None,
    before: Signed | None = None,
) -> dict[str, Signature]:
    """The signature of every node of a validated prompt.

    Args:
        prompt: validated.
        specs: kinds of the nodes.
        file_stamp: stamps of chosen files, so that a replaced file makes a new result.
        fingerprints: per node id, what its own change check returned.
        known: signatures of nodes outside the prompt that it links to.
        before: signatures of the prompt before.
    """
    before = before or Signed()
    if not fingerprints and not known and (old := before.whole(prompt, specs)) is not None:
        return dict(old)
    before.begin(specs)
    done: dict[str, Signature] = {}
    sources = ChainMap(done, dict(known)) if known else done
    prints, choices = fingerprints or {}, _FileChoices(specs)
    for id in topological(prompt):
        node = prompt[id]
        above = [sources[link.node] for _, link in node.wired]
        plain = id not in prints and not choices.any(node.kind)
        if plain and (same := before.find(node, above)) is not None:
            done[id] = same
            continue
        spec = specs[node.kind]
        identity = None if spec.idempotent else id
        own = _canonical(prints[id]) if id in prints else None
        files = [file_stamp(folder, name) for folder, name in choices.of(node)]
        # Python writes plain values quickly and always in the same way.
        text = repr((spec.id, spec.version, identity, own, _inputs(node, sources), files))
        done[id] = Signature(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
        if plain:
            before.keep(node, above, done[id])
    if not known:
        before.keep_whole(prompt, dict(done))
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

    def any(self, kind: str) -> bool:
        """Whether nodes of a kind name files."""
        if kind not in self._known:
            inputs = self._specs[kind].inputs
            self._known[kind] = [(i.folder, i.name) for i in inputs if i.folder is not None]
        return bool(self._known[kind])

    def of(self, node: PromptNode) -> list[tuple[str, str]]:
        """Folder and file name of each file that a node names."""
        if not self.any(node.kind):
            return []
        chosen = ((folder, node.inputs.get(name)) for folder, name in self._known[node.kind])
        return [(folder, name) for folder, name in chosen if isinstance(name, str)]


_name = itemgetter(0)
_PLAIN = frozenset({str, int, float, bool, type(None)})
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=repr).encode
