"""Texts: joined, cut, compared, searched."""

import re
from functools import partial
from typing import Annotated, Any

from engine.api import Bool, Choice, Int, InvalidInput, Socket, Text, node

STRING = Annotated[Any, Socket("STRING")]
BOOLEAN = Annotated[Any, Socket("BOOLEAN")]
INT = Annotated[Any, Socket("INT")]
Number = Socket("INT")
Area = Text(multiline=True)
_text = partial(node, category="utils/string", lane="host")

CASES = {
    "UPPERCASE": str.upper,
    "lowercase": str.lower,
    "Capitalize": str.capitalize,
    "Title Case": str.title,
}
TRIMS = {"Both": str.strip, "Left": str.lstrip, "Right": str.rstrip}
COMPARISONS = {"Starts With": str.startswith, "Ends With": str.endswith, "Equal": str.__eq__}
EXTRACTS = ("First Match", "All Matches", "First Group", "All Groups")


@_text("StringConcatenate", title="Concatenate")
def string_concatenate(
    *, string_a: Area, string_b: Area, delimiter: Text(multiline=False) = ""
) -> STRING:
    """Join two texts.

    Args:
        string_a: comes first.
        string_b: comes second.
        delimiter: goes between.
    """
    return f"{string_a}{delimiter}{string_b}"


@_text("StringSubstring", title="Substring")
def string_substring(*, string: Area, start: Number, end: Number) -> STRING:
    """Take a part of a text.

    Args:
        string: the text.
        start: the first character to take, counted from 0; negative counts from the end.
        end: the first character not to take; negative counts from the end.
    """
    return string[start:end]


@_text("StringLength", title="Length", outputs=("length",))
def string_length(*, string: Area) -> INT:
    """Count the characters of a text.

    Args:
        string: the text.
    """
    return len(string)


@_text("CaseConverter", title="Case Converter")
def case_converter(*, string: Area, mode: Choice(tuple(CASES))) -> STRING:
    """Write a text in large or small letters.

    Args:
        string: the text.
        mode: which letters are large.
    """
    return CASES[mode](string)


@_text("StringTrim", title="Trim")
def string_trim(*, string: Area, mode: Choice(tuple(TRIMS))) -> STRING:
    """Take spaces and empty lines off the ends of a text.

    Args:
        string: the text.
        mode: off which end.
    """
    return TRIMS[mode](string)


@_text("StringReplace", title="Replace")
def string_replace(*, string: Area, find: Area, replace: Area) -> STRING:
    """Replace every occurrence of a text in another.

    Args:
        string: the text.
        find: what to look for.
        replace: what to put there.
    """
    return string.replace(find, replace)


@_text("StringContains", title="Contains", outputs=("contains",))
def string_contains(*, string: Area, substring: Area, case_sensitive: Bool() = True) -> BOOLEAN:
    """Whether a text occurs in another.

    Args:
        string: the text.
        substring: what to look for.
        case_sensitive: tell large letters from small ones.
    """
    pair = (string, substring) if case_sensitive else (string.casefold(), substring.casefold())
    return pair[1] in pair[0]


@_text("StringCompare", title="Compare")
def string_compare(
    *,
    string_a: Area,
    string_b: Area,
    mode: Choice(tuple(COMPARISONS)),
    case_sensitive: Bool() = True,
) -> BOOLEAN:
    """Compare two texts.

    Args:
        string_a: the text.
        string_b: what it shall begin with, end with or be.
        mode: which of the three.
        case_sensitive: tell large letters from small ones.
    """
    pair = (string_a, string_b) if case_sensitive else (string_a.casefold(), string_b.casefold())
    return COMPARISONS[mode](*pair)


@_text("RegexMatch", title="Regex Match", outputs=("matches",))
def regex_match(
    *,
    string: Area,
    regex_pattern: Area,
    case_insensitive: Bool() = True,
    multiline: Bool() = False,
    dotall: Bool() = False,
) -> BOOLEAN:
    """Whether a regular expression (of Python) occurs in a text.

    Args:
        string: the text.
        regex_pattern: the expression.
        case_insensitive: do not tell large letters from small ones.
        multiline: ^ and $ stand for the ends of lines, too.
        dotall: the dot stands for line ends, too.
    """
    return bool(_compiled(regex_pattern, case_insensitive, multiline, dotall).search(string))


@_text("RegexExtract", title="Regex Extract")
def regex_extract(
    *,
    string: Area,
    regex_pattern: Area,
    mode: Choice(EXTRACTS),
    case_insensitive: Bool() = True,
    multiline: Bool() = False,
    dotall: Bool() = False,
    group_index: Int(0, 100) = 1,
) -> STRING:
    """Take what a regular expression (of Python) finds out of a text; empty if it finds nothing.

    Args:
        string: the text.
        regex_pattern: the expression.
        mode: the first find or all of them, one a line; whole or only a group.
        case_insensitive: do not tell large letters from small ones.
        multiline: ^ and $ stand for the ends of lines, too.
        dotall: the dot stands for line ends, too.
        group_index: which group; 0 is the whole.
    """
    pattern = _compiled(regex_pattern, case_insensitive, multiline, dotall)
    group = group_index if mode.endswith(("Group", "Groups")) else 0
    if group > pattern.groups:
        return ""
    found = [match.group(group) or "" for match in pattern.finditer(string)]
    return "\n".join(found if mode.startswith("All") else found[:1])


@_text("RegexReplace", title="Regex Replace")
def regex_replace(
    *,
    string: Area,
    regex_pattern: Area,
    replace: Area,
    case_insensitive: Bool(optional=True) = True,
    multiline: Bool(optional=True) = False,
    dotall: Bool(optional=True) = False,
    count: Int(0, 100, optional=True) = 0,
) -> STRING:
    r"""Replace what a regular expression (of Python) finds in a text.

    Args:
        string: the text.
        regex_pattern: the expression.
        replace: what to put there; \1 is the first group.
        case_insensitive: do not tell large letters from small ones.
        multiline: ^ and $ stand for the ends of lines, too.
        dotall: the dot stands for line ends, too.
        count: how many finds to replace; 0 is all.
    """
    pattern = _compiled(regex_pattern, case_insensitive, multiline, dotall)
    try:
        return pattern.sub(replace, string, count=count)
    except (re.error, IndexError) as error:
        raise InvalidInput(
            f"The replacement '{replace}' does not fit the expression '{regex_pattern}': {error}. "
            "Write \\1 for the first group, and \\\\ for a backslash."
        ) from error


def _compiled(
    pattern: str, case_insensitive: bool, multiline: bool, dotall: bool
) -> re.Pattern[str]:
    flags = (
        (case_insensitive and re.IGNORECASE) | (multiline and re.MULTILINE) | (dotall and re.DOTALL)
    )
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise InvalidInput(
            f"'{pattern}' is no regular expression: {error}. Correct it, or write a backslash "
            "before characters that stand for themselves."
        ) from error
