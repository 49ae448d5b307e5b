"""Virtual environments of isolated packs, for requirements that differ from the worker's.

Invariant: made only when the user says so (``main.py packs --install NAME``), below
``environments/`` of the base directory, where nothing that is uploaded ever goes; loading a pack
installs nothing.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from engine.errors import PackLost
from engine.folders import Folders

_DONE = "installed.json"
ROOT = Path(__file__).resolve().parents[2]


def differing(requirements: Iterable[str]) -> list[str]:
    """Those that the packages here do not fulfil."""
    return [text for text in requirements if not _is_met(text)]


def _is_met(text: str) -> bool:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return False
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.url is None and requirement.specifier.contains(version, prereleases=True)


def place_of(folders: Folders, name: str) -> Path:
    """Where the environment of a pack is, or would be."""
    return folders.custom_nodes[0].absolute().parent / "environments" / name


def python_of(folders: Folders, name: str, requirements: Sequence[str]) -> str | None:
    """The Python that runs a pack; None if it is the worker's.

    Raises:
        PackLost: it needs an environment that is not there; the text says how to make it.
    """
    missing = differing(requirements)
    if not missing:
        return None
    place = place_of(folders, name)
    if _installed(place) != _mark(requirements):
        raise PackLost(
            f"The node pack '{name}' needs packages that are not here: {', '.join(missing)}. "
            f"It runs in a process of its own and may have its own: python main.py packs "
            f"--install {name}"
        )
    return str(_python(place))


def _mark(requirements: Sequence[str]) -> str:
    whole = json.dumps([sorted(requirements), sys.version_info[:2]])
    return hashlib.sha256(whole.encode()).hexdigest()


def _installed(place: Path) -> str:
    try:
        return str(json.loads((place / _DONE).read_text())["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _python(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(folders: Folders, name: str, requirements: Sequence[str]) -> Path:
    """Make a pack's environment and install what it needs; where it is.

    Raises:
        PackLost: it failed; the text has what was printed last.
    """
    place = place_of(folders, name)
    shutil.rmtree(place, ignore_errors=True)
    _run([sys.executable, "-m", "venv", "--system-site-packages", str(place)])
    _see_ours(place)
    _run([str(_python(place)), "-m", "pip", "install", "--no-input", *requirements])
    (place / _DONE).write_text(json.dumps({"mark": _mark(requirements), "of": list(requirements)}))
    return place


def _see_ours(place: Path) -> None:
    """Let an environment see the packages here, behind its own, also if we are in one ourselves."""
    paths = {"base": str(place), "platbase": str(place)}
    own = Path(sysconfig.get_path("purelib", "venv", paths))
    seen = [path for path in [*site.getsitepackages(), str(ROOT)] if Path(path).is_dir()]
    (own / "loom.pth").write_text("\n".join(seen) + "\n")


def _run(command: Sequence[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise PackLost(f"{' '.join(command)} failed:\n{last}")
