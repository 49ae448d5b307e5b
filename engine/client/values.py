"""Changing values of a workflow before it is sent: ``{"Prompt.text": "a red apple"}``."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

Graph = Mapping[str, Any]


def read_graph(graph: Graph | str | Path) -> dict[str, Any]:
    """A graph, or the JSON file that holds one; a copy that may be changed.

    Raises:
        ValueError: the file holds no object.
    """
    if isinstance(graph, Mapping):
        return deepcopy(dict(graph))
    loaded = json.loads(Path(graph).read_text("utf-8"))
    if not isinstance(loaded, dict):
        raise ValueError(f"{graph} holds no workflow: its JSON is no object.")
    return loaded


def change(prompt: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Set inputs of an API-format prompt.

    Args:
        prompt: the prompt, which is changed.
        values: by ``<node>.<input>``, where the node is an id, a title or a type.

    Raises:
        KeyError: no node is meant, or several; the text says which there are.
    """
    for name, value in values.items():
        where, _, wanted = name.rpartition(".")
        prompt[_node(prompt, where)].setdefault("inputs", {})[wanted] = value


def _node(prompt: Mapping[str, Any], name: str) -> str:
    if name in prompt:
        return name
    found = [id for id, node in prompt.items() if name in _names(node)]
    if len(found) == 1:
        return found[0]
    known = sorted({title for node in prompt.values() for title in _names(node)})
    text = f"'{name}' means {len(found)} nodes; use an id, or one of: {', '.join(known)}"
    raise KeyError(text)


def _names(node: Mapping[str, Any]) -> Iterator[str]:
    yield str(node.get("class_type"))
    title = (node.get("_meta") or {}).get("title")
    if title:
        yield str(title)
