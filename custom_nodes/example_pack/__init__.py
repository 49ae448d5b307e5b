"""A node pack to copy: every ``@node`` function in this folder's modules becomes a node, and
every class in ``NODE_CLASS_MAPPINGS`` too."""

from . import colour, flow
from .classic import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

#: Scripts for the canvas.
WEB_DIRECTORY = "./web"

__all__ = [
    "NODE_CLASS_MAPPINGS",
    "NODE_DISPLAY_NAME_MAPPINGS",
    "WEB_DIRECTORY",
    "colour",
    "flow",
]
