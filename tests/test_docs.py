"""The pages that users read are true to the code."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.test_architecture import imports
from tools.write_docs import PAGES, ROOT


@pytest.mark.parametrize("path", PAGES)
def test_generated_pages_are_up_to_date(path: str) -> None:
    written = (ROOT / path).read_text()
    assert written == PAGES[path](), "run: python tools/write_docs.py"


@pytest.mark.parametrize(
    "page",
    [
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    ],
)
def test_links_lead_to_files(page: str) -> None:
    folder = (ROOT / page).parent
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (folder / target).exists(), f"{page} links to {target}"


def test_paths_named_in_the_architecture_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    for name in re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text):
        assert (ROOT / "engine" / name).exists() or (ROOT / name).exists(), name


def test_readme_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make (\w+)", (ROOT / "README.md").read_text()):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_package_needs_what_the_code_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = list(project["dependencies"])
    for extra in ("ray", "compat", "traces"):
        lines += project["optional-dependencies"][extra]
    declared = {re.split(r"[<>=\[]", line)[0].lower() for line in lines}
    names = {"PIL": "pillow", "argon2": "argon2-cffi", "yaml": "pyyaml"}
    names |= {"prometheus_client": "prometheus-client", "opentelemetry": "opentelemetry-sdk"}
    imported = {
        name.split(".")[0]
        for folder in ("engine", "nodes")
        for path in Path(ROOT / folder).rglob("*.py")
        for name in imports(path)
    }
    needed = {
        names.get(n, n) for n in imported - {"engine", "nodes"} - set(sys.stdlib_module_names)
    }
    assert needed <= declared, needed - declared


def test_the_page_about_packs_names_every_hook_and_no_other() -> None:
    import engine.api

    text = (ROOT / "docs" / "plugins.md").read_text()
    hooks = {name for name in engine.api.__all__ if name.startswith(("register_", "send_"))}
    hooks |= {"routes", "node", "Blocked", "Lazy", "Items", "GraphBuilder", "Output", "Context"}
    for name in hooks:
        assert name in text, name
    for line in re.findall(r"^from engine\.api import (.+)$", text, re.MULTILINE):
        for name in line.split(", "):
            assert hasattr(engine.api, name), name


def test_the_tests_that_the_page_on_security_names_exist() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    rows = [line for line in page.splitlines() if "::test_" in line]
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", page)
    assert len(rows) > 20 and len(named) >= len(rows)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert not missing
