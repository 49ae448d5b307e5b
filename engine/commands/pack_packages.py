"""``main.py packs --install NAME``: the packages of one isolated pack, in a place of their own.

Invariant: nothing is installed before the user has seen what, and agreed.
"""

import sys

from engine.errors import InvalidManifest, PackLost
from engine.folders import Folders
from engine.isolation import environment
from engine.plugins.discovery import packs_in
from engine.plugins.manifest import read_manifest


def install(folders: Folders, name: str, agreed: bool) -> int:
    """Make a pack's environment; 0 if it is there or not needed, 2 for a wrong name, else 1.

    Args:
        folders: where packs are.
        name: of the pack.
        agreed: do not ask.
    """
    try:
        return _install(folders, name, agreed)
    except (InvalidManifest, PackLost) as error:
        print(error, file=sys.stderr)
        return 1


def _install(folders: Folders, name: str, agreed: bool) -> int:
    paths = packs_in(folders.custom_nodes, [name])
    if not paths:
        print(f"There is no node pack '{name}' in custom_nodes.", file=sys.stderr)
        return 2
    manifest = read_manifest(paths[0])
    if not environment.differing(manifest.requirements):
        print(f"'{name}' needs nothing that is not here already.")
        return 0
    place = environment.place_of(folders, paths[0].stem)
    wanted = ", ".join(manifest.requirements)
    print(f"'{name}' asks for: {wanted}\nThey would be installed with pip into {place}.")
    if not agreed and not _agrees():
        print("Nothing was installed.")
        return 1
    environment.install(folders, paths[0].stem, manifest.requirements)
    print(f"{place} is ready. Load the pack anew, or restart the server.")
    return 0


def _agrees() -> bool:
    """Whether the user says so; packages run code of their authors when they are installed."""
    try:
        return input("Installing runs code of their authors. Go on? [y/N] ").strip().lower() == "y"
    except EOFError:
        return False
