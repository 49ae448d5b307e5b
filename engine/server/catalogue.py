"""The node specs that the server knows, kept on disk between starts.

Invariant: the server answers from the specs of the last start until the worker of this start
has sent its own, so that the canvas opens at once.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.graph.replacements import Replacements, by_old
from engine.graph.spec import NodeSpec, from_json, index


class Catalogue:
    """Specs by id.

    Attributes:
        specs: what is known now.
        packs: reports on the node packs.
        replacements: of kinds of nodes that are no more, by these.
        known: set once there are any specs.
    """

    def __init__(self, path: Path) -> None:
        """Read the specs of the last start from ``path``, if they are there."""
        self._path = path
        self.specs: Mapping[str, NodeSpec] = {}
        self.packs: list[Mapping[str, Any]] = []
        self.replacements: Replacements = {}
        self.known = asyncio.Event()
        self._read()

    def _read(self) -> None:
        try:
            data = json.loads(self._path.read_text())
            self.specs = index(from_json(item) for item in data["specs"])
            self.replacements = by_old(data["replacements"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        self.known.set()

    async def wait(self, seconds: float) -> None:
        """Wait until any specs are known.

        Raises:
            HTTPServiceUnavailable: they did not come in time.
        """
        try:
            async with asyncio.timeout(seconds):
                await self.known.wait()
        except TimeoutError:
            text = "The worker has not started yet; look at the server's log and try again."
            raise web.HTTPServiceUnavailable(text=text) from None

    def update(self, told: Mapping[str, Any]) -> None:
        """Take over what a worker reported, and remember it."""
        data = {"specs": told["specs"], "replacements": told["replacements"]}
        self.specs = index(from_json(item) for item in data["specs"])
        self.replacements = by_old(data["replacements"])
        self.packs = told["packs"]
        self.known.set()
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(data))
        os.replace(part, self._path)
