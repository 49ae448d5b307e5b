"""Workflows from files: API JSON, canvas JSON, or a picture that carries one.

Invariant: reading runs nothing and reaches nothing but the named file.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import InvalidWorkflow
from engine.fast_json import loads_foreign
from engine.folders import Folders
from engine.graph.prompt import Prompt, parse
from engine.graph.spec import NodeSpec, Specs
from engine.graph.workflow import is_workflow, to_prompt
from engine.script.source import from_script

from .arguments import catalogue_of

JSON_SUFFIXES = (".json",)
#: Of Python files that make a workflow; see :mod:`engine.script`.
SCRIPT_SUFFIX = ".py"


def specs_of(args: argparse.Namespace, folders: Folders) -> dict[str, NodeSpec]:
    """The nodes that a workflow may use: the built-in ones and, unless switched off, the packs'."""
    return {id: node.spec for id, node in catalogue_of(args, folders).nodes.items()}


def read(path: Path) -> Any:
    """The data of a workflow file, script or picture; a canvas workflow is preferred.

    Raises:
        InvalidWorkflow: the file is missing, unreadable, or carries no workflow.
    """
    try:
        if path.suffix.lower() in JSON_SUFFIXES:
            return loads_foreign(path.read_text("utf-8"))
        if path.suffix.lower() == SCRIPT_SUFFIX:
            return from_script(path)
        return _from_picture(path)
    except OSError as error:
        reason = error.strerror or "it is no picture"
        raise InvalidWorkflow(f"{path} cannot be read: {reason}.") from error
    except ValueError as error:
        raise InvalidWorkflow(f"{path} is no JSON: {error}.") from error


def _from_picture(path: Path) -> Any:
    from engine.media.metadata import read_metadata

    found = read_metadata(path)
    data = found.get("workflow") or found.get("prompt")
    if data is None:
        raise InvalidWorkflow(f"{path} carries no workflow; choose a picture that was saved here.")
    return data


def prompt_of(data: Any, specs: Specs) -> tuple[Prompt, dict[str, Any]]:
    """The prompt of workflow data, and what output files shall carry along."""
    graph = to_prompt(data, specs) if is_workflow(data) else _api_graph(data)
    metadata = {"prompt": graph, **({"workflow": data} if is_workflow(data) else {})}
    return parse(graph), metadata


def _api_graph(data: Any) -> Any:
    """The graph of an API file; some hold the whole body of ``POST /prompt``."""
    if isinstance(data, dict) and isinstance(data.get("prompt"), dict):
        return data["prompt"]
    return data


def apply_settings(data: Any, settings: Sequence[str], specs: Specs) -> Any:
    """API-format graph of the data with ``NODE.INPUT=VALUE`` settings applied.

    A node is named by its id, its title or its type; the value is JSON, or text if it is none.

    Raises:
        InvalidWorkflow: a setting is malformed or names nothing, or several nodes.
    """
    graph = to_prompt(data, specs) if is_workflow(data) else _api_graph(data)
    for setting in settings:
        target, equals, text = setting.partition("=")
        name, dot, field = target.rpartition(".")
        if not equals or not dot:
            raise InvalidWorkflow(f"--set {setting}: write NODE.INPUT=VALUE.")
        graph[_find(graph, name, setting)].setdefault("inputs", {})[field] = _value(text)
    return graph


def _find(graph: Any, name: str, setting: str) -> str:
    if name in graph:
        return name
    titles = {id: (node.get("_meta") or {}).get("title") for id, node in graph.items()}
    found = [i for i, node in graph.items() if name in (titles[i], node.get("class_type"))]
    if len(found) == 1:
        return str(found[0])
    listed = ", ".join(f"{id} ({titles[id] or node['class_type']})" for id, node in graph.items())
    problem = "is no node" if not found else f"fits {len(found)} nodes"
    raise InvalidWorkflow(f"--set {setting}: '{name}' {problem}; name one by its id: {listed}.")


def _value(text: str) -> Any:
    try:
        return loads_foreign(text)
    except ValueError:
        return text
