"""``folder_paths``: where files are, as packs ask for it.

Invariant: ``folder_names_and_paths`` is live: what a pack writes into it is found from then on.
Choices made of folders that the server knows follow the files in them; those of folders that
only packs know stay as they were when the pack was loaded.
"""

import mimetypes
import os
from collections.abc import Iterable, Iterator, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import ModelFileError
from engine.folders import ALIASES, MODEL_SUFFIXES, OTHER_SUFFIXES, Folders
from engine.media.naming import save_name
from engine.plugins.classes import FileList

from . import state

#: What model files end in.
supported_pt_extensions: set[str] = set(MODEL_SUFFIXES)


class _Table(MutableMapping[str, tuple[list[str], set[str]]]):
    """Kind of file -> its folders and suffixes, as lists that packs may also append to."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[list[str], set[str]]] = {}

    def _fill(self) -> None:
        for kind, roots in _folders().models.items():
            suffixes = set(OTHER_SUFFIXES.get(kind, MODEL_SUFFIXES))
            self._known.setdefault(kind, ([str(root) for root in roots], suffixes))
        self._known.setdefault("custom_nodes", ([str(p) for p in _folders().custom_nodes], set()))

    def __getitem__(self, kind: str) -> tuple[list[str], set[str]]:
        self._fill()
        return self._known[map_legacy(kind)]

    def __setitem__(self, kind: str, value: tuple[Iterable[str], Iterable[str]]) -> None:
        self._fill()
        roots, suffixes = value
        self._known[map_legacy(kind)] = ([str(root) for root in roots], set(suffixes))

    def __delitem__(self, kind: str) -> None:
        del self._known[map_legacy(kind)]

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return iter(dict(self._known))

    def __len__(self) -> int:
        self._fill()
        return len(self._known)


folder_names_and_paths = _Table()


def _folders() -> Folders:
    return state.folders


def map_legacy(folder_name: str) -> str:
    """The present name of a kind of file."""
    return ALIASES.get(folder_name, folder_name)


def get_folder_paths(folder_name: str) -> list[str]:
    """The folders of a kind of file."""
    return list(folder_names_and_paths[folder_name][0])


def add_model_folder_path(
    folder_name: str, full_folder_path: str, is_default: bool = False
) -> None:
    """Look for a kind of file in one more folder; ``is_default`` looks there first."""
    if map_legacy(folder_name) not in folder_names_and_paths:
        folder_names_and_paths[folder_name] = ([], supported_pt_extensions)
    roots = folder_names_and_paths[folder_name][0]
    path = str(full_folder_path)
    if path in roots:
        roots.remove(path)
    roots.insert(0 if is_default else len(roots), path)


def recursive_search(
    directory: str, excluded_dir_names: list[str] | None = None
) -> tuple[list[str], dict[str, float]]:
    """Files below a folder by relative name, and when each folder changed."""
    if not os.path.isdir(directory):
        return [], {}
    skipped, found = set(excluded_dir_names or ()), []
    times = {directory: os.path.getmtime(directory)}
    for folder, subfolders, names in os.walk(directory, followlinks=True):
        subfolders[:] = [name for name in subfolders if name not in skipped]
        found += [os.path.relpath(os.path.join(folder, name), directory) for name in names]
        times |= {p: os.path.getmtime(p) for p in (os.path.join(folder, n) for n in subfolders)}
    return found, times


def filter_files_extensions(files: Iterable[str], extensions: Iterable[str]) -> list[str]:
    """Those that end in any of these; all if there are none."""
    wanted = tuple(extensions)
    kept = (f for f in files if not wanted or os.path.splitext(f)[1].lower() in wanted)
    return sorted(kept)


def filter_files_content_types(files: Iterable[str], content_types: Iterable[str]) -> list[str]:
    """Those that are images, videos, audio or models (3D), by their names."""
    return [name for name in files if _content_type(name) in set(content_types)]


def _content_type(name: str) -> str:
    suffix = os.path.splitext(name)[1].lower()
    if suffix in (".fbx", ".glb", ".gltf", ".obj", ".stl", ".usdz"):
        return "model"
    if suffix == ".webp":
        return "image"
    return (mimetypes.guess_type(name)[0] or "").partition("/")[0]


def get_filename_list(folder_name: str) -> list[str]:
    """Files of a kind, by relative name, sorted."""
    kind = map_legacy(folder_name)
    roots, suffixes = folder_names_and_paths[kind]
    if roots == [str(root) for root in _folders().models.get(kind, ())]:
        return FileList(kind, _folders().list(kind))
    found = (name for root in roots for name in recursive_search(root, [".git"])[0])
    return filter_files_extensions(dict.fromkeys(found), suffixes)


def get_full_path(folder_name: str, filename: str) -> str | None:
    """The path of a file of a kind; None if there is none."""
    wanted = os.path.relpath(os.path.join("/", filename), "/")
    for root in get_folder_paths(folder_name):
        path = os.path.join(root, wanted)
        if os.path.isfile(path):
            return path
    return None


def get_full_path_or_raise(folder_name: str, filename: str) -> str:
    """The path of a file of a kind.

    Raises:
        ModelFileError: there is none.
    """
    path = get_full_path(folder_name, filename)
    if path is None:
        raise ModelFileError(
            f"There is no file '{filename}' among the {folder_name}. Searched: "
            f"{', '.join(get_folder_paths(folder_name))}. Put it there or choose another one."
        )
    return path


def get_output_directory() -> str:
    """Where results go."""
    return str(_folders().output)


def get_input_directory() -> str:
    """Where inputs are."""
    return str(_folders().input)


def get_temp_directory() -> str:
    """Where previews go."""
    return str(_folders().temp)


def get_user_directory() -> str:
    """Where settings and saved workflows are."""
    return str(_folders().user)


def get_directory_by_type(type_name: str) -> str | None:
    """The folder of ``input``, ``output`` or ``temp``; None for anything else."""
    known = {"input": get_input_directory, "output": get_output_directory}
    known["temp"] = get_temp_directory
    return known[type_name]() if type_name in known else None


def annotated_filepath(name: str) -> tuple[str, str | None]:
    """A name without its ``[input]``, ``[output]`` or ``[temp]``, and the folder that says."""
    for kind in ("input", "output", "temp"):
        if name.endswith(f"[{kind}]"):
            return name[: -len(kind) - 2].rstrip(), get_directory_by_type(kind)
    return name, None


def get_annotated_filepath(name: str, default_dir: str | None = None) -> str:
    """The path of a name that may say which folder it is in; never outside of that.

    Raises:
        PathOutsideRoot: the name leads out.
    """
    from engine.folders import inside

    plain, folder = annotated_filepath(name)
    return str(inside(Path(folder or default_dir or get_input_directory()), plain))


def exists_annotated_filepath(name: str) -> bool:
    """Whether there is such a file."""
    return os.path.exists(get_annotated_filepath(name))


def get_input_subfolders() -> list[str]:
    """Folders below the input folder, by relative name, sorted."""
    root = get_input_directory()
    found = (os.path.join(f, d) for f, subfolders, _ in os.walk(root) for d in subfolders)
    return sorted(os.path.relpath(path, root).replace(os.sep, "/") for path in found)


def get_save_image_path(
    filename_prefix: str, output_dir: str, image_width: int = 0, image_height: int = 0
) -> tuple[str, str, int, str, str]:
    """Where to save: folder, stem, next number, sub-folder, and the prefix with its values."""
    root = Path(output_dir)
    name = save_name(root, filename_prefix, image_width, image_height, datetime.now())
    subfolder = os.path.relpath(name.folder, root)
    prefix = name.stem if subfolder == "." else f"{subfolder}/{name.stem}"
    shown = "" if subfolder == "." else subfolder
    return str(name.folder), name.stem, name.next_number(), shown, prefix


_LIVE = {
    "base_path": lambda: str(_folders().output.parent),
    "models_dir": lambda: os.path.commonpath([r for roots in _roots() for r in roots]),
    "output_directory": get_output_directory,
    "input_directory": get_input_directory,
    "temp_directory": get_temp_directory,
    "user_directory": get_user_directory,
}


def _roots() -> list[list[str]]:
    """The first folder of every kind that is set up."""
    return [[str(roots[0])] for roots in _folders().models.values() if roots]


def _fall_back(name: str) -> Any:
    """Values that are known only once packs are loaded, and names that are missing."""
    from .missing import Missing

    if name in _LIVE:
        return _LIVE[name]()
    if name.startswith("__"):
        raise AttributeError(name)
    return Missing(f"folder_paths.{name}")
