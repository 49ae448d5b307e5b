"""What can be wrong with a node of a prompt, and how each fault is told.

Invariant: every fault names the input, what was found, what is allowed and, where one is
near, the match that was probably meant; types and messages are those that API clients know.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from .prompt import Link
from .spec import InputSpec

#: Longer choices are not listed in an error; the nearest matches are.
LISTED_CHOICES = 20


@dataclass(frozen=True)
class Fault:
    """One fault of one node, in the shape of API error answers."""

    type: str
    message: str
    details: str
    extra_info: dict[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """The entry in ``node_errors[id]["errors"]``."""
        return {
            "type": self.type,
            "message": self.message,
            "details": self.details,
            "extra_info": self.extra_info,
        }


def fault(type: str, message: str, details: str, item: InputSpec, **info: Any) -> Fault:
    """A fault of one input."""
    return Fault(type, message, details, {"input_name": item.name, **info})


def missing(item: InputSpec, config: Any) -> Fault:
    """A required input that is not there."""
    text = "Required input is missing"
    return fault("required_input_missing", text, item.name, item, input_config=config)


def bad_link(item: InputSpec, config: Any, value: Any) -> Fault:
    """A list that is no ``[node id, slot]``."""
    text = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    info = {"input_config": config, "received_value": value}
    return fault("bad_linked_input", text, f"{item.name}: found {value!r}", item, **info)


def dangling(item: InputSpec, config: Any, link: Link, details: str) -> Fault:
    """A link to a node or slot that does not exist."""
    info = {"input_config": config, "received_value": [link.node, link.slot]}
    text = "Linked node or output does not exist"
    return fault("bad_linked_input", text, details, item, **info)


def mismatch(item: InputSpec, config: Any, link: Link, produced: str) -> Fault:
    """A link between types that do not go together."""
    details = f"{item.name}, received_type({produced}) mismatch input_type({item.type})"
    info = {
        "input_config": config,
        "received_type": produced,
        "linked_node": [link.node, link.slot],
    }
    text = "Return type mismatch between linked nodes"
    return fault("return_type_mismatch", text, details, item, **info)


def wrong_type(item: InputSpec, config: Any, value: Any, error: Exception) -> Fault:
    """A constant that cannot be converted."""
    text = f"Failed to convert an input value to a {item.type} value"
    details = f"{item.name}: found {value!r}, {error}"
    info = {
        "input_config": config,
        "received_value": value,
        "exception_message": str(error),
    }
    return fault("invalid_input_type", text, details, item, **info)


def not_wired(item: InputSpec, config: Any, value: Any) -> Fault:
    """A constant where only a wire makes sense."""
    details = f"{item.name}: found {value!r}; wire the output of a node of type {item.type} to it"
    info = {"input_config": config, "received_value": value}
    text = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    return fault("bad_linked_input", text, details, item, **info)


def not_in_list(item: InputSpec, config: Any, value: Any, allowed: Sequence[Any]) -> Fault:
    """A choice that is not offered."""
    short = len(allowed) <= LISTED_CHOICES
    listed = str(list(allowed)) if short else f"(list of length {len(allowed)})"
    near = nearest(value, allowed)
    if not allowed and item.folder:
        near = f". The folder '{item.folder}' is empty: put a file there"
    details = f"{item.name}: '{value}' not in {listed}{near}"
    info = {"input_config": config if short else None, "received_value": value}
    return fault("value_not_in_list", "Value not in list", details, item, **info)


def nearest(value: Any, allowed: Iterable[Any]) -> str:
    """The end of a sentence that offers the nearest match, or nothing."""
    near = get_close_matches(str(value), [str(a) for a in allowed], n=1)
    return f". Did you mean '{near[0]}'?" if near else ""
