"""Flags that several commands share, and how unknown ones are refused.

Invariant: a flag either does what its help says or is refused by name; none is swallowed.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from engine.folders import Folders, standard
from engine.folders_config import with_extra_paths

from .cache_flags import add_cache
from .precision_flags import add_precision

if TYPE_CHECKING:
    from engine.isolation.packs import Isolation
    from engine.plugins.discovery import Catalogue

ROOT = Path(__file__).resolve().parents[2]

#: Flags of other launchers that mean something we do not do, and what to do instead.
ELSEWHERE = {
    "--windows-standalone-build": "leave it out; add --auto-launch to open the browser",
    "--use-pytorch-cross-attention": "leave it out; it is what is always used",
    "--use-split-cross-attention": "leave it out; attention never holds the whole matrix",
    "--use-quad-cross-attention": "leave it out; attention never holds the whole matrix",
    "--use-sage-attention": "leave it out; torch chooses the fastest kernel that it has",
    "--use-flash-attention": "leave it out; torch chooses it where the GPU can",
    "--disable-xformers": "leave it out; it is never used",
    "--async-offload": "leave it out; layers that do not fit are always fetched ahead",
    "--force-non-blocking": "leave it out; copies never block where the device can do without",
    "--mmap-torch-files": "leave it out; files are always mapped",
    "--disable-mmap": "files are always mapped; copy them to a local disk if that is slow",
    "--fast": "try --compile inductor",
    "--cuda-malloc": "set PYTORCH_CUDA_ALLOC_CONF=backend:cudaMallocAsync instead",
    "--disable-cuda-malloc": "leave it out; torch's own allocator is the default",
    "--disable-api-nodes": "leave it out; there are none",
}


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses unknown flags by name and offers the nearest one."""

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """Parse, refusing what is not known."""
        known, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.refuse(unknown)
        return known

    def refuse(self, unknown: list[str]) -> NoReturn:
        """End with 2 and a line about each argument that is not known."""
        flags = [word for word in unknown if word.startswith("-")] or unknown
        for flag in flags:
            name = flag.partition("=")[0]
            print(f"{self.prog}: {self._why(name)}", file=sys.stderr)
        self.exit(2, f"See {self.prog} --help for what there is.\n")

    def _why(self, name: str) -> str:
        if name in ELSEWHERE:
            return f"{name} is not supported: {ELSEWHERE[name]}."
        own = [option for action in self._actions for option in action.option_strings]
        near = get_close_matches(name, own, n=1)
        return f"{name} is not supported." + (f" Did you mean {near[0]}?" if near else "")


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Flags that say where files are."""
    group = parser.add_argument_group("folders")
    for name, what in (
        ("base", "holds all the others (default: the checkout, or the current folder)"),
        ("output", "finished results"),
        ("input", "pictures that workflows read"),
        ("temp", "previews: DIR/temp is emptied at every start"),
        ("user", "settings, workflows and the queue"),
    ):
        group.add_argument(f"--{name}-directory", help=what, type=Path, metavar="DIR")
    group.add_argument(
        "--extra-model-paths-config",
        action="append",
        nargs="+",
        default=[],
        type=Path,
        metavar="FILE",
        help="YAML file that names more model folders; may be given several times",
    )
    group.add_argument("--disable-all-custom-nodes", action="store_true", help="load no node packs")
    group.add_argument(
        "--whitelist-custom-nodes",
        nargs="+",
        default=[],
        metavar="NAME",
        help="load only these node packs",
    )
    group.add_argument(
        "--isolate",
        action="extend",
        nargs="+",
        default=[],
        metavar="NAME",
        help="run these node packs in processes of their own, behind a fence, even if they do "
        "not ask for it (see docs/plugins.md)",
    )
    group.add_argument(
        "--isolated-memory",
        type=_gigabytes,
        metavar="GB",
        help="memory that the process of an isolated pack may take, unless the pack says "
        "(default: half of the computer's; 0: no limit)",
    )


def _gigabytes(text: str) -> int:
    size = float(text)
    if not 0 <= size < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no size; give gigabytes, such as 4")
    return int(size * (1 << 30))


def packs_of(args: argparse.Namespace) -> tuple[str, ...] | None:
    """Names of the node packs to load; None is all of them."""
    if args.whitelist_custom_nodes:
        return tuple(args.whitelist_custom_nodes)
    return () if args.disable_all_custom_nodes else None


def catalogue_of(args: argparse.Namespace, folders: Folders) -> "Catalogue":
    """All nodes that the flags let in, loaded in this process."""
    from engine import compat
    from engine.plugins.discovery import load, packs_in, prestart

    packs = packs_in(folders.custom_nodes, packs_of(args))
    isolation = isolation_of(args, folders)
    compat.install(folders, {})
    early = prestart(isolation.others(packs))
    return load(packs, partial(compat.install, folders), early, compat.adopt, isolation.open)


def isolation_of(args: argparse.Namespace, folders: Folders) -> "Isolation":
    """What loads packs, some of them in processes of their own, as the flags say."""
    from engine.isolation.packs import Isolation

    return Isolation(folders, frozenset(args.isolate), args.isolated_memory)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Flags that say where to compute, and which results to keep."""
    group = parser.add_argument_group("device")
    choice = group.add_mutually_exclusive_group()
    choice.add_argument("--cpu", action="store_true", help="compute on the CPU")
    choice.add_argument("--cuda-device", type=int, metavar="N", help="compute on the N-th GPU")
    add_cache(parser)
    add_precision(parser)


def default_base() -> Path:
    """The checkout if this runs from one, else the current folder."""
    return ROOT if (ROOT / "pyproject.toml").is_file() else Path.cwd()


def folders_of(args: argparse.Namespace) -> Folders:
    """The folders that the flags name."""
    base = (args.base_directory or default_base()).resolve()
    temp = None if args.temp_directory is None else args.temp_directory.resolve() / "temp"
    folders = standard(
        base,
        output=_resolved(args.output_directory),
        input=_resolved(args.input_directory),
        temp=temp,
        user=_resolved(args.user_directory),
    )
    configs = [path for paths in args.extra_model_paths_config for path in paths]
    default = base / "extra_model_paths.yaml"
    return with_extra_paths(folders, [default, *configs] if default.is_file() else configs)


def _resolved(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()


def device_of(args: argparse.Namespace) -> str:
    """The device that the flags name."""
    if args.cpu:
        return "cpu"
    return "auto" if args.cuda_device is None else f"cuda:{args.cuda_device}"
