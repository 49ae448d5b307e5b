"""A node pack to copy: every ``@node`` function in this folder's modules becomes a node."""

from . import colour

__all__ = ["colour"]
