"""Where files are: models by kind, inputs, outputs, temporary files, user data.

Invariant: a name that came from outside becomes a path only through :func:`inside`, which
refuses anything that leaves its root, so no route or node can be talked into another folder.
"""

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import ModelFileError, PathOutsideRoot

MODEL_SUFFIXES = (".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".bin", ".pth", ".pkl")
#: Bytes of a name that file systems take, and of a path.
LONGEST_NAME, LONGEST_PATH = 255, 1024
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")

#: Of saved latents, which are read from the input folder.
LATENT_SUFFIX = ".latent"
#: Kinds of model files and the folders below ``models/`` that hold them.
MODEL_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "checkpoints": ("checkpoints",),
    "configs": ("configs",),
    "loras": ("loras",),
    "vae": ("vae",),
    "text_encoders": ("text_encoders", "clip"),
    "diffusion_models": ("unet", "diffusion_models"),
    "clip_vision": ("clip_vision",),
    "style_models": ("style_models",),
    "embeddings": ("embeddings",),
    "diffusers": ("diffusers",),
    "vae_approx": ("vae_approx",),
    "controlnet": ("controlnet", "t2i_adapter"),
    "gligen": ("gligen",),
    "upscale_models": ("upscale_models",),
    "hypernetworks": ("hypernetworks",),
    "photomaker": ("photomaker",),
    "ipadapter": ("ipadapter",),
    "classifiers": ("classifiers",),
    "model_patches": ("model_patches",),
    "audio_encoders": ("audio_encoders",),
}
#: What makes a folder one that diffusers saved.
MODEL_INDEX = "model_index.json"
#: Endings of files of kinds that are no weights.
OTHER_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "configs": (".yaml",),
    "diffusers": (MODEL_INDEX,),
}
#: Tiny autoencoders, which are offered beside the others if their files are there.
TINY_VAES = ("taesd", "taesdxl", "loom-tiny")
#: Folders that there is one each of.
ROOTS = ("output", "input", "temp", "user")
#: Older names that files and clients still use.
ALIASES: Mapping[str, str] = {"clip": "text_encoders", "unet": "diffusion_models"}


@dataclass(frozen=True)
class Folders:
    """The roots of one installation.

    Attributes:
        output: finished results.
        input: pictures that workflows read.
        temp: previews; emptied at start.
        user: settings, saved workflows, the database.
        custom_nodes: folders of node packs.
        models: folders per model kind, first match wins.
    """

    output: Path
    input: Path
    temp: Path
    user: Path
    custom_nodes: tuple[Path, ...] = ()
    models: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """As plain data, for another process."""
        roots = {name: str(getattr(self, name)) for name in ROOTS}
        models = {kind: [str(p) for p in paths] for kind, paths in self.models.items()}
        return {**roots, "custom_nodes": [str(p) for p in self.custom_nodes], "models": models}

    def create(self) -> None:
        """Make the folders that must exist."""
        for path in (self.output, self.input, self.temp, self.user):
            path.mkdir(parents=True, exist_ok=True)

    def root(self, kind: str) -> Path:
        """The folder of ``input``, ``output`` or ``temp`` files."""
        if kind not in ("input", "output", "temp"):
            raise PathOutsideRoot(f"'{kind}' is no file type; use input, output or temp.")
        return {"input": self.input, "output": self.output, "temp": self.temp}[kind]

    def list(self, kind: str) -> Sequence[str]:
        """Names that a choice of this kind offers, sorted, with forward slashes.

        ``input/``, ``output/`` and ``temp/``, each with a folder below it or none, are the
        pictures in just that folder.
        """
        if kind in ("input", "output"):
            return _image_names(self.root(kind))
        root, slash, below = kind.partition("/")
        if slash and root in ("input", "output", "temp"):
            return _images_below(self.root(root), below)
        if kind == "latents":
            return sorted(_names(self.input, (LATENT_SUFFIX,)))
        kind = ALIASES.get(kind, kind)
        roots = self.models.get(kind, ())
        suffixes = OTHER_SUFFIXES.get(kind, MODEL_SUFFIXES)
        names = {name for root in roots for name in _names(root, suffixes)}
        if kind == "diffusers":
            return sorted(name.removesuffix("/" + MODEL_INDEX) for name in names if "/" in name)
        return [*sorted(names), *(self._tiny_vaes() if kind == "vae" else ())]

    def _tiny_vaes(self) -> Sequence[str]:
        """Tiny autoencoders, which are chosen by the name that their two files begin with."""
        return list(self.tiny_decoders())

    def tiny_decoders(self) -> Mapping[str, Path]:
        """The decoders of those that are there, by that name."""
        files = self.list("vae_approx")
        found = {n: [f for f in files if f.startswith(f"{n}_decoder.")] for n in TINY_VAES}
        return {n: self.find("vae_approx", names[0]) for n, names in found.items() if names}

    def find(self, kind: str, name: str) -> Path:
        """The model file of that kind and name.

        Raises:
            ModelFileError: there is none; the text names the folders that were searched.
        """
        roots = self.models.get(ALIASES.get(kind, kind), ())
        for root in roots:
            path = named(root, name)
            if path.is_file():
                return path
        searched = ", ".join(str(root) for root in roots) or "no folder is set up"
        raise ModelFileError(
            f"There is no file '{name}' among the {kind}. Searched: {searched}. "
            "Put the file there or choose another one."
        )

    def annotated(self, name: str, default: str = "input") -> Path:
        """The file of a name that may end in `` [input]``, `` [output]`` or `` [temp]``."""
        for kind in ("input", "output", "temp"):
            if name.endswith(f" [{kind}]"):
                return inside(self.root(kind), name[: -len(kind) - 3])
        return inside(self.root(default), name)


def from_json(data: Mapping[str, Any]) -> Folders:
    """The inverse of :meth:`Folders.json`."""
    return Folders(
        **{name: Path(data[name]) for name in ROOTS},
        custom_nodes=tuple(Path(p) for p in data["custom_nodes"]),
        models={kind: tuple(Path(p) for p in paths) for kind, paths in data["models"].items()},
    )


def named(root: Path, name: str) -> Path:
    """The path of a model file; links that stand below ``root`` may lead anywhere.

    Only who owns the computer can put links there, and many keep their models on another disk.

    Raises:
        PathOutsideRoot: the name is absolute, climbs, or holds a NUL byte.
    """
    if _is_odd(name) or ".." in Path(name).parts:
        raise _refusal(name)
    return root / name


def inside(root: Path, name: str) -> Path:
    """The path of ``name`` below ``root``, following links.

    Raises:
        PathOutsideRoot: the name is absolute, climbs out, or holds a NUL byte.
    """
    if _is_odd(name):
        raise _refusal(name)
    base = Path(os.path.realpath(root))
    path = Path(os.path.realpath(base / name))
    if path != base and base not in path.parents:
        raise _refusal(name)
    return path


def _is_odd(name: str) -> bool:
    return "\0" in name or "\\" in name or Path(name).is_absolute() or _is_long(name)


def _is_long(name: str) -> bool:
    longest = max(len(part.encode("utf-8", "replace")) for part in name.split("/"))
    return longest > LONGEST_NAME or len(name) > LONGEST_PATH


def _refusal(name: str) -> PathOutsideRoot:
    if _is_long(name):
        return PathOutsideRoot(f"'{name[:40]}...' is longer than the name of a file can be.")
    return PathOutsideRoot(f"'{name}' leads out of its folder; give a name inside it.")


def standard(base: Path, **overrides: Path | None) -> Folders:
    """The folders of an installation at ``base``; overrides by field name."""
    chosen = {name: path for name, path in overrides.items() if path is not None}
    models = {
        kind: tuple(base / "models" / d for d in dirs) for kind, dirs in MODEL_FOLDERS.items()
    }
    roots = {name: base / name for name in ROOTS}
    return Folders(**{**roots, **chosen}, custom_nodes=(base / "custom_nodes",), models=models)


_cache: dict[tuple[str, tuple[str, ...]], tuple[tuple[tuple[str, int], ...], list[str]]] = {}
_cache_lock = threading.Lock()


def _names(root: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Files below ``root``, listed again only when some folder in it changed."""
    key = (str(root), suffixes)
    with _cache_lock:
        known = _cache.get(key)
        if known is not None and all(_mtime(path) == stamp for path, stamp in known[0]):
            return known[1]
        stamps, names = _walk(root, suffixes)
        _cache[key] = (stamps, names)
        return names


def _walk(root: Path, suffixes: tuple[str, ...]) -> tuple[tuple[tuple[str, int], ...], list[str]]:
    stamps = [(str(root), _mtime(str(root)))]
    names: list[str] = []
    for folder, subfolders, files in os.walk(root, followlinks=True):
        subfolders[:] = [d for d in subfolders if not d.startswith(".")]
        stamps += [(path, _mtime(path)) for path in (os.path.join(folder, d) for d in subfolders)]
        found = (f for f in files if f.lower().endswith(suffixes))
        names += [Path(folder, f).relative_to(root).as_posix() for f in found]
    return tuple(stamps), sorted(names)


def _mtime(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return -1


def _images_below(root: Path, below: str) -> list[str]:
    try:
        return _image_names(inside(root, below))
    except (PathOutsideRoot, OSError):
        return []


def _image_names(root: Path) -> list[str]:
    if not root.is_dir():
        return []
    files = (entry.name for entry in os.scandir(root) if entry.is_file())
    return sorted(name for name in files if name.lower().endswith(IMAGE_SUFFIXES))
