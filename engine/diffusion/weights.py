"""Weight files: what is in them without reading them, and reading only what is asked.

Invariant: nothing in a file is ever executed. Safetensors files are mapped into memory;
pickled files pass torch's weights-only reader or are refused.
"""

import hashlib
import struct
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engine.errors import ModelFileError
from engine.fast_json import loads_foreign

Role = Literal["diffusion", "text", "vae", "upscale"]
#: Tensor name to shape: all that the recognition of a file looks at.
Shapes = Mapping[str, tuple[int, ...]]

SAFE_SUFFIXES = (".safetensors", ".sft", ".latent")
PICKLE_SUFFIXES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
#: Types of tensors as safetensors names them.
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
#: Packages whose objects PyTorch Lightning puts beside the weights: callbacks, scores, settings.
TRAINING_PACKAGES = ("pytorch_lightning.", "lightning.", "numpy.", "omegaconf.")
#: torch keeps its list of harmless names for the whole process.
_SAFE_GLOBALS = threading.Lock()
#: Sub-dictionaries in which training programs keep the weights of a pickled file.
WRAPPERS = ("state_dict", "params_ema", "params", "model")


#: A file's tensor names to others, for the tensors that are wanted.
Names = Callable[[Iterable[str]], dict[str, str]]


def _same(keys: Iterable[str]) -> dict[str, str]:
    return {key: key for key in keys}


@dataclass(frozen=True)
class Header:
    """What a weight file holds.

    Attributes:
        path: the file.
        id: changes when the file does; short and cheap (name, size, time of change).
        shapes: of every tensor.
        metadata: the text entries of a safetensors header.
        names: the file's own tensor names to those in ``shapes``.
    """

    path: Path
    id: str
    shapes: Shapes
    metadata: Mapping[str, str]
    names: Names = field(default=_same, compare=False, repr=False)

    def renamed(self, names: Names) -> "Header":
        """The same file under other names; what they leave out is no longer seen."""
        found = names(self.shapes)
        shapes = {new: self.shapes[old] for old, new in found.items()}
        return replace(self, shapes=shapes, names=self.through(names))

    def through(self, names: Names) -> Names:
        """From the file's own names by way of those in ``shapes`` to others."""
        return names if self.names is _same else partial(_chain, self.names, names)

    def read(self, name: str) -> Tensor:
        """One small tensor, by its name in ``shapes``, float32."""
        files = {new: old for old, new in self.names(read_header(self.path).shapes).items()}
        return read_tensors(self.path, (files[name],))[files[name]].float()


def _chain(first: Names, second: Names, keys: Iterable[str]) -> dict[str, str]:
    """One renaming after the other."""
    between = first(keys)
    final = second(between.values())
    return {key: final[name] for key, name in between.items() if name in final}


def _as_it_is(name: str, tensor: Tensor) -> Mapping[str, Tensor]:
    return {name: tensor}


@dataclass(frozen=True)
class Weights:
    """A network's tensors in a file: what a handle holds instead of the network itself.

    Attributes:
        id: of the file and the part of it; the whole identity.
        path: the file.
        role: decides the precision of the network.
        build: makes the network without weights.
        names: the file's tensor names to the network's, for the tensors that belong to it.
        kept_as: type that matrices are kept in; None: the one that is computed in, or the file's
            if that has eight bits. Part of ``id`` too.
        computed_as: type that is computed in; None: what the device is best at. Part of ``id``.
        unpack: one of the file's tensors, under its new name, to the network's; for files that
            hold several tensors as one.
        is_whole: ``build`` makes the network with its weights, because another library does.
    """

    id: str
    path: Path = field(compare=False)
    role: Role = field(compare=False)
    build: Callable[[], nn.Module] = field(compare=False, repr=False)
    names: Names = field(compare=False, repr=False)
    unpack: Callable[[str, Tensor], Mapping[str, Tensor]] = field(
        default=_as_it_is, compare=False, repr=False
    )
    kept_as: torch.dtype | None = field(default=None, compare=False)
    computed_as: torch.dtype | None = field(default=None, compare=False)
    is_whole: bool = field(default=False, compare=False)

    def kept(self, dtype: torch.dtype) -> "Weights":
        """The same weights with matrices of another type."""
        return replace(self, id=f"{self.id}@{_named(dtype)}", kept_as=dtype)

    def computed(self, dtype: torch.dtype | None) -> "Weights":
        """The same weights, computed with in another type; None: what the device is best at."""
        plain = self.id.partition("~")[0]
        return replace(self, id=f"{plain}~{_named(dtype)}" if dtype else plain, computed_as=dtype)


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def read_header(path: Path) -> Header:
    """Names, shapes and metadata of a weight file, without its tensors."""
    if path.suffix.lower() in SAFE_SUFFIXES:
        with _open_safe(path) as file:
            shapes = {k: tuple(file.get_slice(k).get_shape()) for k in file.keys()}  # noqa: SIM118
            return Header(path, file_id(path), shapes, file.metadata() or {})
    shapes = {k: tuple(t.shape) for k, t in _read_pickle(path).items()}
    return Header(path, file_id(path), shapes, {})


def read_tensors(path: Path, names: Iterable[str] | None = None) -> dict[str, Tensor]:
    """Tensors of a file by name (all of them if no names are given), on the CPU."""
    if path.suffix.lower() in SAFE_SUFFIXES:
        with _open_safe(path) as file:
            wanted = file.keys() if names is None else names
            return {name: file.get_tensor(name) for name in wanted}
    tensors = _read_pickle(path)
    return tensors if names is None else {name: tensors[name] for name in names}


#: From a tensor's name and its type in the file to the type that is wanted.
Precision = Callable[[str, torch.dtype], torch.dtype]


def stream_tensors(
    path: Path, names: Collection[str], device: torch.device, dtype: torch.dtype | Precision
) -> Iterator[tuple[str, Tensor]]:
    """Some tensors of a file, one after the other, on a device and in a precision.

    What has to be converted or moved is read piece by piece, so that a file is never in memory
    twice; what can be used as it is stays a view of the mapped file.

    Args:
        path: the file.
        names: which tensors; they come in the order of the file.
        device: where they shall be.
        dtype: of the floating-point ones, or a rule for it.
    """
    wanted_type = (lambda *_: dtype) if isinstance(dtype, torch.dtype) else dtype
    if path.suffix.lower() not in SAFE_SUFFIXES:
        for name, tensor in read_tensors(path, names).items():
            yield name, _placed(tensor, device, wanted_type(name, tensor.dtype))
        return
    with path.open("rb") as file:
        start, entries = _safe_index(file)
        wanted = sorted((entries[name]["data_offsets"], name) for name in names)
        types = {n: wanted_type(n, _dtype(entries[n])) for n in names}
        mapped = {n for n in names if device.type == "cpu" and _dtype(entries[n]) == types[n]}
        views = read_tensors(path, mapped) if mapped else {}
        longest = max(
            (end - begin for (begin, end), name in wanted if name not in views), default=0
        )
        buffer = memoryview(bytearray(longest))  # one for all, or freed ones pile up
        for (begin, end), name in wanted:
            if name in views:
                yield name, views.pop(name)
                continue
            part = buffer[: end - begin]
            file.seek(start + begin)
            file.readinto(part)
            kind = _dtype(entries[name])
            raw = torch.frombuffer(part, dtype=kind) if part else torch.empty(0, dtype=kind)
            tensor = _placed(raw.view(entries[name]["shape"]), device, types[name])
            yield name, tensor.clone() if tensor.data_ptr() == raw.data_ptr() else tensor


def _placed(tensor: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    return tensor.to(device, dtype if tensor.is_floating_point() else None)


def _safe_index(file: BinaryIO) -> tuple[int, dict[str, Any]]:
    """Where the data of a safetensors file begins, and its entries by name."""
    (length,) = struct.unpack("<Q", file.read(8))
    entries = loads_foreign(file.read(length))
    entries.pop("__metadata__", None)
    return 8 + length, entries


def _dtype(entry: Mapping[str, Any]) -> torch.dtype:
    return _DTYPES[entry["dtype"]]


def file_id(path: Path) -> str:
    """A short name for this state of a file."""
    stat = path.stat()
    facts = f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}"
    return hashlib.blake2b(facts.encode(), digest_size=12).hexdigest()


def strip_prefix(prefix: str, replacement: str, keys: Iterable[str]) -> dict[str, str]:
    """Names below ``prefix``, with ``replacement`` in its place."""
    return {k: replacement + k[len(prefix) :] for k in keys if k.startswith(prefix)}


def _open_safe(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt", device="cpu")
    except (SafetensorError, OSError) as error:
        raise ModelFileError(
            f"'{path.name}' cannot be read as a safetensors file: {error}. The download was "
            "probably cut short; fetch the file again."
        ) from error


def _read_pickle(path: Path) -> dict[str, Tensor]:
    if path.suffix.lower() not in PICKLE_SUFFIXES:
        known = ", ".join(SAFE_SUFFIXES + PICKLE_SUFFIXES)
        raise ModelFileError(f"'{path.name}' is no weight file; these are read: {known}.")
    return _unwrap(unpickle(path), path)


def unpickle(path: Path) -> Any:
    """The tensors and plain containers of a pickled file; anything else is refused.

    What training programs are known to leave beside the weights becomes an empty object.

    Raises:
        ModelFileError: the file holds more than tensors, or is damaged.
    """
    try:
        with _SAFE_GLOBALS, torch.serialization.safe_globals(_left_by_training(path)):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except Exception as error:  # in a damaged file torch's reader stumbles over anything
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelFileError(
            f"'{path.name}' holds more than tensors, or is damaged, and is not loaded: a pickled "
            "file can run any program. Convert it to safetensors on a machine you can spare, "
            f"or get the safetensors version. ({said})"
        ) from error


class _Leftover:
    """Stands for an object that training left behind: takes whatever it is given, does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


def _left_by_training(path: Path) -> list[tuple[type, str]]:
    """Names in a pickled file that are to be read as leftovers; none unless all of them are."""
    if not _is_zip(path):
        return []
    names: list[str] = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    if not all(name.startswith(TRAINING_PACKAGES) for name in names):
        return []
    return [(_Leftover, name) for name in names]


def _unwrap(data: Any, path: Path) -> dict[str, Tensor]:
    if not isinstance(data, dict):
        raise ModelFileError(f"'{path.name}' holds a {type(data).__name__}, no named tensors.")
    for name in WRAPPERS:
        if isinstance(data.get(name), dict):
            data = data[name]
    inner = {f"{k}.{n}": t for k, v in data.items() if isinstance(v, dict) for n, t in v.items()}
    flat = {k: v for k, v in data.items() if isinstance(v, Tensor)}
    return flat or {k: v for k, v in inner.items() if isinstance(v, Tensor)}


def _is_zip(path: Path) -> bool:
    """Whether torch can map the file (its format since version 1.6)."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"
