"""``comfy_api.latest`` and its numbered versions: nodes with a schema."""

from typing import Any

from engine.plugins.replacing import register

from . import schema_io as io
from . import schema_ui as ui
from . import state

IO, UI = io, ui

__all__ = ["IO", "UI", "ComfyAPI", "ComfyAPISync", "ComfyExtension", "io", "ui"]


class ComfyExtension:
    """A pack's nodes; ``comfy_entrypoint`` of its module gives one."""

    async def on_load(self) -> None:
        """Called once before the nodes are asked for."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """The nodes; each pack has its own."""
        return []


def _progress(value: float, max_value: float, preview_image: Any = None) -> None:
    if (ctx := state.context()) is not None:
        picture = None if preview_image is None else lambda: preview_image
        ctx.progress(value, max_value, picture)


class _Execution:
    async def set_progress(
        self,
        value: float,
        max_value: float,
        node_id: str | None = None,
        preview_image: Any = None,
        ignore_size_limit: bool = False,
    ) -> None:
        """Tell how far the running node is; a preview is uint8 RGB, ``h w 3``."""
        _progress(value, max_value, preview_image)


class _ExecutionSync:
    def set_progress(
        self,
        value: float,
        max_value: float,
        node_id: str | None = None,
        preview_image: Any = None,
        ignore_size_limit: bool = False,
    ) -> None:
        """Tell how far the running node is; a preview is uint8 RGB, ``h w 3``."""
        _progress(value, max_value, preview_image)


class _NodeReplacement:
    async def register(self, node_replace: io.NodeReplace) -> None:
        """Let workflows with the old node run with the new one."""
        register(node_replace.replacement())


class _NodeReplacementSync:
    def register(self, node_replace: io.NodeReplace) -> None:
        """Let workflows with the old node run with the new one."""
        register(node_replace.replacement())


class ComfyAPI:
    """What nodes ask of the engine, awaited."""

    execution = _Execution()
    node_replacement = _NodeReplacement()


class ComfyAPISync:
    """The same for code that does not await."""

    execution = _ExecutionSync()
    node_replacement = _NodeReplacementSync()
