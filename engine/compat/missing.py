"""Names that packs ask for and that we do not have.

Invariant: asking for a name never fails and using it always does, with one sentence that names
pack, symbol and what to do.
"""

import sys
from typing import Any, NoReturn

from engine.errors import NodeError


class MissingSymbol(NodeError):
    """A pack used something that this engine does not have."""


#: Which packs asked for which names: pack -> full names.
wanted: dict[str, set[str]] = {}


class Missing:
    """Stands for a name that is not there."""

    _name: str

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name
        wanted.setdefault(asking_pack(), set()).add(name)

    def _refuse(self) -> NoReturn:
        pack = asking_pack()
        who = f"Node pack '{pack}'" if pack else "This code"
        raise MissingSymbol(
            f"{who} uses {self._name}, which Latent Loom does not have. `main.py packs` lists "
            "all that it lacks; ask for it in an issue, or use a node that does the same here."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        self._refuse()

    def __getattr__(self, name: str) -> "Missing":
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self._name}.{name}")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (base_of(self._name),)

    def __iter__(self) -> NoReturn:
        self._refuse()

    def __getitem__(self, key: Any) -> NoReturn:
        self._refuse()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self._name} is missing>"


def base_of(name: str) -> type:
    """A class to inherit from; its objects cannot be made."""

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        Missing(name)()

    return type(name.rpartition(".")[2], (), {"__init__": refuse})


def asking_pack() -> str:
    """The pack whose code is running, the innermost; empty if none is."""
    frame = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("custom_nodes."):
            return module.split(".")[1]
        frame = frame.f_back  # type: ignore[assignment]
    return ""
