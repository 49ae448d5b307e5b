"""For tests of node packs: call nodes as the engine does, without a server or a graph.

    from engine.testing import Trial

    nodes = Trial(Path(__file__).parents[1])
    (bright,) = nodes["MyPackGain"](image=picture, gain=2.0)

Invariant: a node gets its defaults, hidden inputs and context as in a run; what it reports,
shows and saves is kept for the test to look at.
"""

import asyncio
import inspect
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from engine import compat
from engine.errors import NodeError
from engine.folders import Folders, standard
from engine.plugins.discovery import load
from engine.plugins.node import Context, Node, Output


@dataclass
class TrialNode:
    """A node that can be called.

    Attributes:
        node: the node.
        folders: what it reads from and saves to.
        progress: value and total, each time it reported some.
        ui: what it showed in its last call.
    """

    node: Node
    folders: Folders
    progress: list[tuple[float, float]] = field(default_factory=list)
    ui: Mapping[str, list[Any]] = field(default_factory=dict)

    def __call__(self, **inputs: Any) -> tuple[Any, ...]:
        """Call it; one value per output.

        Args:
            inputs: by name; those that are left out have their defaults.

        Raises:
            NodeError: an input is unknown, or missing and without a default, or refused.
        """
        given = {**self._defaults(inputs), **inputs}
        self._check(given)
        made: Any = self.node.call(given, self._context())
        if inspect.isawaitable(made):
            made = asyncio.run(_awaited(made))
        if not isinstance(made, Output):
            return made if isinstance(made, tuple) else (made,)
        self.ui = made.ui
        return made.values

    def _defaults(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        visible = [i for i in self.node.spec.inputs if i.section != "hidden"]
        unknown = sorted(inputs.keys() - {i.name for i in visible})
        if unknown:
            known = ", ".join(i.name for i in visible)
            raise NodeError(
                f"{self.node.spec.id} has no input {', '.join(unknown)}; it has {known}."
            )
        found: dict[str, Any] = {}
        for item in visible:
            if "default" in item.options:
                found[item.name] = item.options["default"]
            elif item.choices:
                found[item.name] = item.choices[0]
            elif item.section == "required" and item.name not in inputs:
                raise NodeError(f"{self.node.spec.id} needs {item.name} ({item.type}).")
        return found

    def _check(self, given: Mapping[str, Any]) -> None:
        if self.node.check is None:
            return
        verdict = self.node.check(given, {})
        if verdict is not True:
            raise NodeError(f"{self.node.spec.id} refuses its inputs: {verdict}")

    def _context(self) -> Context:
        def report(value: float, total: float, preview: Any) -> None:
            self.progress.append((value, total))

        return Context("1", self.folders, {}, report, lambda: None)


async def _awaited(made: Any) -> Any:
    return await made


class Trial(dict[str, TrialNode]):
    """The nodes of a pack by id, and the built-in ones.

    Attributes:
        folders: a fresh installation, empty but for the pack's own files.
    """

    def __init__(self, pack: Path, base: Path | None = None) -> None:
        """Load a pack.

        Args:
            pack: its file or folder.
            base: where the nodes read and save; a temporary folder if none is given.

        Raises:
            NodeError: it does not load; the text has the traceback.
        """
        self.folders = standard(base or Path(tempfile.mkdtemp(prefix="pack-")))
        self.folders.create()
        compat.install(self.folders, {})
        found = load([pack], partial(compat.install, self.folders), after=compat.adopt)
        (report,) = found.packs
        if report.error:
            raise NodeError(f"The node pack '{report.name}' does not load:\n{report.error}")
        self.ids = report.nodes
        nodes = ((id, TrialNode(node, self.folders)) for id, node in found.nodes.items())
        super().__init__(nodes)
