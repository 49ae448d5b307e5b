"""Looking results up for one run, with slow tiers read ahead of need on other threads.

Invariant: calling a lookup never waits for a disk, if what is asked for was staged before.
"""

from engine.cache.memory import Entry, ResultCache
from engine.folders import Folders
from engine.graph.signature import Signature

from .files import shown_files

#: Stands for a result of which only matters that it is known.
SOMETHING = Entry(())


class Lookup:
    """Results by signature."""

    def __init__(self, cache: ResultCache, folders: Folders) -> None:
        self._cache = cache
        self._folders = folders
        self._staged: dict[Signature, Entry | None] = {}

    def __call__(self, signature: Signature) -> Entry | None:
        """A result that was staged, else one from memory."""
        if signature in self._staged:
            return self._staged.pop(signature)
        return self._checked(signature, self._cache.get(signature))

    def stage(self, signature: Signature) -> Entry | None:
        """Look a result up wherever it may be, for the next call; may take long."""
        found = self._checked(signature, self._cache.fetch(signature))
        self._staged[signature] = found
        return found

    def glance(self, signature: Signature) -> Entry | None:
        """Whether there is a result, without reading it."""
        return SOMETHING if signature in self._cache else None

    def _checked(self, signature: Signature, entry: Entry | None) -> Entry | None:
        """A result, unless files that it showed were deleted since; then it is forgotten."""
        if entry is None or not entry.ui:
            return entry
        if all(path.exists() for path in shown_files(entry.ui, self._folders)):
            return entry
        self._cache.discard(signature)
        return None
