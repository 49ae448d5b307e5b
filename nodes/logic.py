"""Lists to loop over, and numbers to decide by."""

import operator
from typing import Annotated, Any

from engine.api import Choice, Float, InvalidInput, Items, Socket, Text, node
from engine.api import Int as Whole

LARGEST = 2**53
#: What two numbers can be asked.
COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}

#: What two numbers can be made into.
OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "smaller": min,
    "larger": max,
}

#: Whole or not.
AnyNumber = Annotated[Any, Socket("FLOAT,INT")]
INT = Annotated[Any, Socket("INT")]
FLOAT = Annotated[Any, Socket("FLOAT")]
BOOLEAN = Annotated[Any, Socket("BOOLEAN")]
STRING = Annotated[Any, Socket("STRING")]


@node("NumberRange", category="logic/list", title="Number Range", outputs=("numbers",), lane="host")
def number_range(
    *,
    start: Whole(-LARGEST, LARGEST) = 0,
    end: Whole(-LARGEST, LARGEST) = 4,
    step: Whole(-LARGEST, LARGEST) = 1,
) -> Items[INT]:
    """Whole numbers from one to another, as a list.

    Args:
        start: the first number.
        end: where to stop; this number itself is not in the list.
        step: from one number to the next; may be negative.
    """
    if step == 0:
        raise InvalidInput("A step of 0 never reaches the end: give a 'step' other than 0.")
    return list(range(start, end, step))


@node(
    "NumberList",
    category="logic/list",
    title="Number List",
    outputs=("numbers", "whole_numbers"),
    lane="host",
)
def number_list(*, numbers: Text() = "1, 2, 3") -> tuple[Items[FLOAT], Items[INT]]:
    """Numbers that you type, as a list.

    Args:
        numbers: with commas or spaces between them; the second output has them rounded.
    """
    try:
        found = [float(part) for part in numbers.replace(",", " ").split()]
        return found, [round(number) for number in found]
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{numbers!r} is no list of numbers; write them like 1, 2.5, 3."
        ) from None


@node("TextList", category="logic/list", title="Text List", outputs=("texts",), lane="host")
def text_list(*, lines: Text(multiline=True) = "") -> Items[STRING]:
    """Texts that you type, one a line, as a list.

    Args:
        lines: one text a line; empty lines are left out.
    """
    return [line.strip() for line in lines.splitlines() if line.strip()]


@node("CompareNumbers", category="logic", title="Compare Numbers", outputs=("answer",), lane="host")
def compare_numbers(
    *, a: AnyNumber, comparison: Choice(tuple(COMPARISONS)), b: Float(-1e18, 1e18, step=0.01) = 0.0
) -> BOOLEAN:
    """Compare two numbers, for the condition of a While loop.

    Args:
        a: the left number.
        comparison: what to ask.
        b: the right number.
    """
    return COMPARISONS[comparison](a, b)


@node(
    "CalculateNumber",
    category="logic",
    title="Calculate",
    outputs=("number", "whole_number"),
    lane="host",
)
def calculate(
    *, a: AnyNumber, operation: Choice(tuple(OPERATIONS)), b: Float(-1e18, 1e18, step=0.01) = 1.0
) -> tuple[FLOAT, INT]:
    """Make one number of two, for the state of a loop.

    Args:
        a: the left number.
        operation: what to do.
        b: the right number; not 0 for a division.
    """
    if operation == "/" and b == 0:
        raise InvalidInput("Nothing can be divided by 0: give another 'b'.")
    found = float(OPERATIONS[operation](a, b))
    return found, round(found)
