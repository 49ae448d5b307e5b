"""Finds compatibility modules when packs import them.

Invariant: only names that other programs own are found here, and only when no installed module
has them; a module that is not offered is found too, and everything in it is missing.
"""

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from engine.folders import Folders
from engine.plugins.looks import LOOKS
from engine.plugins.node import Node

from .missing import Missing

#: First names that packs import from.
ROOTS = frozenset(
    {
        "comfy",
        "comfy_api",
        "comfy_config",
        "comfy_execution",
        "comfy_extras",
        "execution",
        "folder_paths",
        "latent_preview",
        "node_helpers",
        "server",
    }
)
#: What is offered, and the module that does it.
OFFERED = {
    "comfy.cli_args": "cli_args",
    "comfy.comfy_types": "comfy_types",
    "comfy.comfy_types.node_typing": "comfy_types",
    "comfy.controlnet": "controlnet",
    "comfy.k_diffusion.sampling": "k_diffusion_sampling",
    "comfy.latent_formats": "latent_formats",
    "comfy.ldm.modules.attention": "attention",
    "comfy.lora": "lora_patches",
    "comfy.model_base": "model_base",
    "comfy.model_management": "model_management",
    "comfy.model_patcher": "model_patcher",
    "comfy.model_sampling": "model_sampling",
    "comfy.ops": "ops",
    "comfy.patcher_extension": "patcher_extension",
    "comfy.sample": "samplers",
    "comfy.samplers": "samplers",
    "comfy.sd": "sd",
    "comfy.utils": "utils",
    "comfy_api.latest": "api_latest",
    "comfy_api.latest._io": "schema_io",
    "comfy_api.latest._ui": "schema_ui",
    "comfy_api.v0_0_1": "api_latest",
    "comfy_api.v0_0_2": "api_latest",
    "comfy_execution.graph": "graph",
    "comfy_execution.graph_utils": "graph",
    "comfy_execution.utils": "running",
    "execution": "graph",
    "folder_paths": "folder_paths",
    "latent_preview": "latent_preview",
    "node_helpers": "node_helpers",
    "server": "server",
}


class Finder(MetaPathFinder):
    """Stands last in the path, so that what is installed goes first."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for every name below ``ROOTS``."""
        if name.partition(".")[0] not in ROOTS:
            return None
        spec = ModuleSpec(name, CompatLoader(), is_package=True)
        spec.origin = f"latent-loom:{name}"
        return spec


class CompatLoader(Loader):
    """Fills a module with what is offered under its name."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make it."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill it."""
        name = module.__name__
        if ours := OFFERED.get(name):
            made = importlib.import_module(f"engine.compat.{ours}")
            public = {k: v for k, v in vars(made).items() if not k.startswith("_")}
            module.__dict__.update(public)
            module.__dict__["__file__"] = made.__file__
            if hook := vars(made).get("_fall_back"):
                module.__dict__["__getattr__"] = hook
                return
        module.__dict__["__getattr__"] = _Fallback(name)


class _Fallback:
    """What a module answers for names that it lacks: a module below it, or a missing name."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __call__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self._module}.{name}"
        if full in OFFERED or any(offered.startswith(f"{full}.") for offered in OFFERED):
            return importlib.import_module(full)
        return Missing(full)


def install(folders: Folders, builtin: Mapping[str, Node]) -> None:
    """Let packs import these modules from now on.

    Args:
        folders: where files are.
        builtin: the nodes that packs find in the module ``nodes``.
    """
    import nodes

    from . import looks, state
    from .nodes_face import lookup

    state.folders, state.nodes = folders, builtin
    LOOKS.put_on, LOOKS.take_off = looks.put_on, looks.take_off
    nodes.__dict__["__getattr__"] = lookup
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())


def adopt() -> None:
    """Offer the samplers and schedulers that packs wrote into the lists of names."""
    if "comfy.samplers" in sys.modules:
        from .samplers import adopt_names

        adopt_names()
