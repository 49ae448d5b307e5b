"""Inputs and outputs as schema nodes declare them (``io.Image.Input("image")``).

Invariant: what is declared can be told in the older way, a type with options for each input;
inputs that depend on others are told flat, as ``<input>.<part>``, and come back nested.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from enum import Enum, StrEnum
from typing import Any


class NumberDisplay(StrEnum):
    """How a number is shown."""

    number = "number"
    slider = "slider"
    gradient_slider = "gradientslider"


class ControlAfterGenerate(StrEnum):
    """What becomes of a value after a run."""

    fixed = "fixed"
    increment = "increment"
    decrement = "decrement"
    randomize = "randomize"


class UploadType(StrEnum):
    """What a choice of files takes uploads of."""

    image = "image_upload"
    audio = "audio_upload"
    video = "video_upload"
    model = "file_upload"


class FolderType(StrEnum):
    """Where files are."""

    input = "input"
    output = "output"
    temp = "temp"


#: Options whose name differs from the argument.
_RENAMED = {
    "display_mode": "display",
    "force_input": "forceInput",
    "dynamic_prompts": "dynamicPrompts",
    "widget_type": "widgetType",
    "raw_link": "rawLink",
}


class Input:
    """One input.

    Attributes:
        id: keyword that ``execute`` receives it under.
        io_type: name of its type.
        optional: whether it may be left out.
    """

    io_type = "*"

    def __init__(
        self,
        id: str,
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        extra_dict: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.id, self.display_name, self.optional = id, display_name, optional
        self.tooltip, self.lazy, self.extra_dict = tooltip, lazy, dict(extra_dict or {})
        self.given = options

    @property
    def type(self) -> str:
        """Name of its type, a union with commas between."""
        return self.io_type

    def options(self) -> dict[str, Any]:
        """The options of the older way."""
        named = {"display_name": self.display_name, "tooltip": self.tooltip, "lazy": self.lazy}
        options = {_RENAMED.get(name, name): value for name, value in self.given.items()}
        merged = {**named, **options, **self.extra_dict}
        return {name: value for name, value in merged.items() if value is not None}

    def declared(self) -> tuple[Any, dict[str, Any]]:
        """Type and options, as INPUT_TYPES gives them."""
        return self.type, self.options()

    def flat(self, prefix: str = "", optional: bool = False) -> "Iterator[tuple[str, Input, bool]]":
        """Every input that a prompt may have for this one: name, input, whether optional."""
        yield prefix + self.id, self, optional or self.optional

    def nested(self, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
        """What ``execute`` gets of it, from the flat values of a prompt."""
        name = prefix + self.id
        return {self.id: values[name]} if name in values else {}


class Output:
    """One output.

    Attributes:
        id: name; None for one after its type.
        is_output_list: it feeds its items one by one.
    """

    io_type = "*"

    def __init__(
        self,
        id: str | None = None,
        display_name: str | None = None,
        tooltip: str | None = None,
        is_output_list: bool = False,
        **_: Any,
    ) -> None:
        self.id, self.display_name = id, display_name
        self.tooltip, self.is_output_list = tooltip, is_output_list

    @property
    def type(self) -> str:
        """Name of its type."""
        return self.io_type


class ComboInput(Input):
    """A choice of fixed values, of the members of an enum, or of files."""

    io_type = "COMBO"

    def __init__(self, id: str, options: Any = None, *args: Any, **more: Any) -> None:
        upload, folder = more.pop("upload", None), more.pop("image_folder", None)
        super().__init__(id, *args, **more)
        self.choices = _choices(options)
        if upload is not None:
            self.given[str(UploadType(upload))] = True
        if folder is not None:
            self.given["image_folder"] = str(FolderType(folder))

    def declared(self) -> tuple[Any, dict[str, Any]]:
        """The values in the place of the type."""
        return self.choices, self.options()


def _choices(options: Any) -> Any:
    if isinstance(options, type) and issubclass(options, Enum):
        return [member.value for member in options]
    if isinstance(options, list):
        return options  # the list of a folder stays one, and follows it
    return list(options or [])


class MultiComboInput(ComboInput):
    """A choice of several values."""

    def declared(self) -> tuple[Any, dict[str, Any]]:
        """A choice that says so."""
        shown = {"placeholder": self.given.get("placeholder"), "chip": self.given.get("chip")}
        marks = {name: value for name, value in shown.items() if value is not None}
        options = {k: v for k, v in self.options().items() if k not in marks}
        return "COMBO", {**options, "options": list(self.choices), "multi_select": marks or True}


class MultiTypeInput(Input):
    """An input that takes several types; one with a widget keeps the widget."""

    def __init__(self, id: "str | Input", types: Sequence[Any], *args: Any, **more: Any) -> None:
        self.widget = id if isinstance(id, Input) else None
        super().__init__(id.id if isinstance(id, Input) else id, *args, **more)
        self.types = [str(kind.io_type) for kind in types]
        if self.widget is not None:
            self.optional = self.optional or self.widget.optional

    @property
    def type(self) -> str:
        """All types with commas between, the widget's first."""
        own = [] if self.widget is None else [self.widget.type]
        return ",".join(dict.fromkeys([*own, *self.types]))

    def options(self) -> dict[str, Any]:
        """Those of the widget, and the own."""
        own = super().options()
        if self.widget is None:
            return own
        return {**self.widget.options(), **own, "widgetType": self.widget.type}


class Template:
    """Inputs and outputs of one template have the same type in each use.

    Attributes:
        template_id: name of the template.
        allowed_types: of which it may be one.
    """

    def __init__(self, template_id: str, allowed_types: Any = None) -> None:
        self.template_id = template_id
        kinds = allowed_types if isinstance(allowed_types, list | tuple) else [allowed_types]
        self.allowed_types = [kind for kind in kinds if kind is not None]

    @property
    def type(self) -> str:
        """The types with commas between; any without."""
        return ",".join(str(kind.io_type) for kind in self.allowed_types) or "*"


class MatchTypeInput(Input):
    """An input of the type that its template has in this use."""

    def __init__(self, id: str, template: Template, *args: Any, **more: Any) -> None:
        super().__init__(id, *args, **more)
        self.template = template

    @property
    def type(self) -> str:
        """What the template allows."""
        return self.template.type


class MatchTypeOutput(Output):
    """An output of the type that its template has in this use."""

    def __init__(self, template: Template, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.template = template

    @property
    def type(self) -> str:
        """What the template allows, which fits anything that takes one of them."""
        return self.template.type


def _noted(item: Input, name: str, note: Any) -> Input:
    """The input with one more option, which it may have from further inside already."""
    noted = copy(item)
    noted.extra_dict = {name: note, **item.extra_dict}
    return noted


class DynamicOption:
    """One value of a dynamic choice, with the inputs that it brings."""

    def __init__(self, key: str, inputs: Iterable[Input]) -> None:
        self.key, self.inputs = key, list(inputs)


class DynamicComboInput(Input):
    """A choice whose values bring inputs of their own.

    ``execute`` gets a dictionary: the choice under the input's own name, and what belongs to it.
    """

    io_type = "COMBO"

    def __init__(self, id: str, options: Iterable[DynamicOption], *args: Any, **more: Any) -> None:
        super().__init__(id, *args, **more)
        self.cases = list(options)

    def declared(self) -> tuple[Any, dict[str, Any]]:
        """The values in the place of the type."""
        return [case.key for case in self.cases], self.options()

    def flat(self, prefix: str = "", optional: bool = False) -> Iterator[tuple[str, Input, bool]]:
        """The choice, then each part once: parts depend on the choice, so none is required."""
        yield prefix + self.id, self, optional or self.optional
        below = f"{prefix}{self.id}."
        parts: dict[str, tuple[Input, list[str]]] = {}
        for case in self.cases:
            for part in case.inputs:
                for name, item, _ in part.flat(below, optional=True):
                    parts.setdefault(name, (item, []))[1].append(case.key)
        for name, (item, keys) in parts.items():
            when = {"input": prefix + self.id, "values": keys}
            yield name, _noted(item, "shown_with", when), True

    def nested(self, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
        """The choice and the parts of the chosen case; their defaults where nothing was sent."""
        name = prefix + self.id
        if name not in values:
            return {}
        found = {self.id: values[name]}
        case = next((case for case in self.cases if case.key == values[name]), None)
        for part in case.inputs if case else ():
            got = part.nested(values, f"{name}.")
            default = {} if "default" not in part.given else {part.id: part.given["default"]}
            found.update(got or default)
        return {self.id: found}


class TemplatePrefix:
    """Inputs named ``<prefix>0``, ``<prefix>1`` and so on.

    Attributes:
        input: what each of them is like.
    """

    def __init__(self, input: Input, prefix: str, min: int = 1, max: int = 10) -> None:
        self.input, self.min = input, min
        self.names = [f"{prefix}{i}" for i in range(max)]


class TemplateNames:
    """Inputs of given names.

    Attributes:
        input: what each of them is like.
    """

    def __init__(self, input: Input, names: Iterable[str], min: int = 1) -> None:
        self.input, self.min, self.names = input, min, list(names)


class AutogrowInput(Input):
    """As many inputs of one kind as are wired; ``execute`` gets a dictionary by name."""

    def __init__(
        self, id: str, template: TemplatePrefix | TemplateNames, *args: Any, **more: Any
    ) -> None:
        super().__init__(id, *args, **more)
        self.template = template

    def flat(self, prefix: str = "", optional: bool = False) -> Iterator[tuple[str, Input, bool]]:
        """One for each name; the first ones are required."""
        names = [f"{prefix}{self.id}.{name}" for name in self.template.names]
        for at, name in enumerate(names):
            free = optional or self.optional or at >= self.template.min
            item = self.template.input
            if at >= max(1, self.template.min):
                item = _noted(item, "grows_after", names[at - 1])
            yield name, item, free

    def nested(self, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
        """Those that were sent."""
        names = {name: f"{prefix}{self.id}.{name}" for name in self.template.names}
        return {self.id: {name: values[flat] for name, flat in names.items() if flat in values}}
