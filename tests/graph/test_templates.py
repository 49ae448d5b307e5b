"""Every template of the field converts, as the file says and as the browser does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.graph.widgets import is_widget
from engine.graph.workflow import to_prompt

from .templates import Template, graphs, templates

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def all_templates() -> list[Template]:
    return list(templates())


def test_values_stand_where_the_files_name_them(all_templates: list[Template]) -> None:
    """Newer files keep values by position and by name: positions must read as the names say."""
    wrong = [fault for template in all_templates for fault in _misread(template)]
    assert wrong == []
    assert len(all_templates) > 600


def _misread(template: Template) -> list[Any]:
    unnamed = json.loads(json.dumps(template.workflow))
    for graph in graphs(unnamed):
        for node in graph["nodes"]:
            node.pop("widgets_values_named", None)
    prompt = to_prompt({**unnamed, "definitions": None}, template.specs)
    faults = []
    for node in template.workflow["nodes"]:
        emitted = prompt.get(str(node["id"]))
        named, values = node.get("widgets_values_named"), node.get("widgets_values")
        if not emitted or not named or list(named.values()) != values:
            continue
        for item in template.specs[node["type"]].inputs if node["type"] in template.specs else ():
            found = emitted["inputs"].get(item.name)
            named_here = is_widget(item) and item.name in named
            if named_here and found != named[item.name] and not isinstance(found, list):
                faults.append((template.name, node["id"], item.name, found, named[item.name]))
    return faults


def test_the_browser_loses_nothing_and_converts_alike(
    all_templates: list[Template], tmp_path: Path
) -> None:
    for i, template in enumerate(all_templates):
        case = {
            "name": template.name,
            "workflow": template.workflow,
            "info": template.info(),
            "prompt": to_prompt(template.workflow, template.specs),
        }
        (tmp_path / f"{i}.json").write_text(json.dumps(case), "utf-8")
    command = [sys.executable, "hatch_build.py", "npm", "exec", "--", "vitest", "run"]
    done = subprocess.run(
        [*command, "tests/templates.test.ts"],
        cwd=ROOT,
        env={**os.environ, "LOOM_TEMPLATES": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "3 passed" in done.stdout
