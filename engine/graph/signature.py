"""Signatures: results are named by what made them (a Merkle tree over the graph).

Invariant: two nodes have the same signature in any process and at any time exactly if the
same code would get the same constants and the same upstream results. O(nodes + links).
"""

import hashlib
import json
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NewType

from .prompt import Link, Prompt, PromptNode, topological
from .spec import NodeSpec, Specs

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
    for id in topological(prompt):
        node = prompt[id]
        own = (fingerprints or {}).get(id)
        done[id] = _sign(node, specs[node.kind], sources, file_stamp, own)
    return done


def _sign(
    node: PromptNode,
    spec: NodeSpec,
    done: Mapping[str, Signature],
    file_stamp: FileStamp,
    fingerprint: Any,
) -> Signature:
    identity = None if spec.idempotent else node.id
    inputs = [_input(name, node.inputs[name], done) for name in sorted(node.inputs)]
    files = _files(node, spec, file_stamp)
    text = _canonical([spec.id, spec.version, identity, fingerprint, inputs, files])
    return Signature(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


def _input(name: str, value: Any, done: Mapping[str, Signature]) -> list[Any]:
    if isinstance(value, Link):
        return [name, "link", done[value.node], value.slot]
    return [name, "constant", value]


def _files(node: PromptNode, spec: NodeSpec, file_stamp: FileStamp) -> Sequence[str]:
    chosen = ((i.folder, node.inputs.get(i.name)) for i in spec.inputs if i.folder is not None)
    return [file_stamp(folder, name) for folder, name in chosen if isinstance(name, str)]


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=repr).encode
