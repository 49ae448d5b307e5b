"""Faces of values, without torch until there is a value that can have one."""

import sys
from typing import Any


def put_on(value: Any) -> Any:
    """See :func:`.faces.put_on`."""
    if "torch" not in sys.modules:
        return value
    from . import faces

    return faces.put_on(value)


def take_off(value: Any) -> Any:
    """See :func:`.faces.take_off`."""
    if "torch" not in sys.modules:
        return value
    from . import faces

    return faces.take_off(value)
