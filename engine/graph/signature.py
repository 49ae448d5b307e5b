"""Signatures: results are named by what made them (a Merkle tree over the graph).

Invariant: two nodes have the same signature in any process and at any time exactly if the
same code would get the same constants and the same upstream results. O(nodes + links).
"""

import hashlib
import json
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, NewType

from .loops import BODY
from .prompt import Link, Prompt, PromptNode, retouched, topological, users
from .spec import Specs

#: Hex name of the results of one node.
Signature = NewType("Signature", str)

#: Stamp of a file that a folder choice names: folder, name -> changes when the file does.
FileStamp = Callable[[str, str], str]


class Signed:
    """The signatures of the prompt before, for what is the same in the next one.

    Known by the very objects (see :class:`.prompt.Reader`). Nodes that choose files or have a
    fingerprint are signed anew each time.

    Attributes:
        order: the nodes, each after what it depends on.
        feeds: per node those that it feeds.
        names: their signatures.
        doubtful: nodes whose signature may change while they do not.
    """

    def __init__(self) -> None:
        self._specs: Specs = {}
        self._prompt: Prompt = {}
        self.order: list[str] = []
        self.feeds: dict[str, list[str]] = {}
        self.names: dict[str, Signature] = {}
        self.doubtful: set[str] = set()

    def begin(self, prompt: Prompt, specs: Specs, doubtful: Iterable[str]) -> list[str]:
        """Turn to a prompt; its nodes that have to be signed, in order."""
        others = retouched(self._prompt, prompt) if specs is self._specs else None
        self._prompt = {}  # until all of this one is signed
        if others is None:
            self.feeds = users(prompt)
            self.order = topological(prompt, self.feeds)
            self.names = {}
            return self.order
        below = self._below({*others, *self.doubtful, *doubtful})
        return [id for id in self.order if id in below] if below else []

    def end(self, prompt: Prompt, specs: Specs, doubtful: set[str]) -> None:
        """Remember that all of a prompt has been signed."""
        self._prompt, self._specs, self.doubtful = prompt, specs, doubtful

    def _below(self, changed: set[str]) -> set[str]:
        found = set(changed)
        stack = list(changed)
        while stack:
            fresh = [user for user in self.feeds[stack.pop()] if user not in found]
            found.update(fresh)
            stack += fresh
        return found


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
        before: signatures of the prompt before; for prompts that link to nothing outside.
    """
    before = before or Signed()
    prints, choices = fingerprints or {}, _FileChoices(specs)
    todo = before.begin(prompt, specs, prints)
    done = before.names
    sources = ChainMap(done, dict(known)) if known else done
    for id in todo:
        node = prompt[id]
        spec = specs[node.kind]
        identity = None if spec.idempotent else id
        own = _canonical(prints[id]) if id in prints else None
        files = [file_stamp(folder, name) for folder, name in choices.of(node)]
        # Python writes plain values quickly and always in the same way.
        text = repr((spec.id, spec.version, identity, own, _inputs(node, sources), files))
        done[id] = Signature(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
    doubtful = {id for id in before.order if id in prints or choices.any(prompt[id].kind)}
    before.end(prompt, specs, doubtful)
    return dict(done)


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
