"""Modules that node packs written for ComfyUI import, made of ours.

They exist in worker processes only, and each is loaded when a pack first imports it. A name that
is not there does not stop the import: it is a :class:`.missing.Missing`, which tells what lacks,
in which pack, as soon as it is used.

Invariant: written from the published contract alone (names, arguments, shapes), none of it from
other programs' sources; what a module offers is done by the rooms below, not here.
"""

from .finder import adopt, install

__all__ = ["adopt", "install"]
