"""A pack of classes, as packs of this field are written; loaded by ``test_classes``."""

from enum import Enum

from engine.api import Blocked, Float, GraphBuilder, node


class IO(str, Enum):  # noqa: UP042, as packs write it
    IMAGE = "IMAGE"


class AnyType(str):
    __slots__ = ()

    def __ne__(self, other):
        return False


class Everything:
    """Every declaration there is."""

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "image": (IO.IMAGE,),
                "mode": (["fast", "slow"], {"default": "fast", "tooltip": "how"}),
                "count": ("INT", {"default": 1, "min": 0, "max": float("inf")}),
                "any": (AnyType("*"), {"lazy": True}),
                "choice": ("COMBO", {"options": ["a", "b"]}),
                "bare": "STRING",
            },
            "optional": {"size": ("FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0})},
            "hidden": {
                "id": "UNIQUE_ID",
                "prompt": "PROMPT",
                "extra": "EXTRA_PNGINFO",
                "graph": ("DYNPROMPT",),
            },
        }

    RETURN_TYPES = (IO.IMAGE, ["fast", "slow"], "INT")
    RETURN_NAMES = ("picture",)
    OUTPUT_IS_LIST = (False, True)
    OUTPUT_TOOLTIPS = ("the picture",)
    FUNCTION = "work"
    CATEGORY = "classic/all"
    OUTPUT_NODE = True
    DEPRECATED = True
    EXPERIMENTAL = True
    DESCRIPTION = """
        Does everything.
    """
    SEARCH_ALIASES = ("all",)

    def work(self, **inputs):
        return inputs["image"], ["fast"], inputs


class Counter:
    """Counts its own calls."""

    INPUT_TYPES = classmethod(lambda cls: {"required": {"x": ("INT", {})}})
    RETURN_TYPES = ("INT",)
    FUNCTION = "work"
    CATEGORY = "classic"
    NOT_IDEMPOTENT = True

    def __init__(self):
        self.calls = 0

    @classmethod
    def IS_CHANGED(cls, x):
        return float("nan")

    def work(self, x):
        self.calls += 1
        return (self.calls,)


class Show:
    INPUT_TYPES = classmethod(lambda cls: {"required": {"x": (AnyType("*"),)}})
    RETURN_TYPES = ()
    FUNCTION = "work"
    CATEGORY = "classic"
    OUTPUT_NODE = True

    def work(self, x):
        return {"ui": {"text": (str(x),), "done": True}}


class Lists:
    INPUT_TYPES = classmethod(
        lambda cls: {"required": {"x": ("INT",)}, "hidden": {"id": "UNIQUE_ID"}}
    )
    RETURN_TYPES = ("INT",)
    OUTPUT_IS_LIST = (True,)
    INPUT_IS_LIST = True
    FUNCTION = "work"
    CATEGORY = "classic"

    def work(self, x, id):
        return ([item * 2 for item in x] + [len(id)],)


class Switch:
    @classmethod
    def INPUT_TYPES(cls):
        lazy = ("INT", {"lazy": True})
        return {"required": {"on": ("BOOLEAN",)}, "optional": {"yes": lazy, "no": lazy}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "work"
    CATEGORY = "classic"

    def check_lazy_status(self, on, yes=None, no=None):
        return ["yes"] if on and yes is None else ["no"] if not on and no is None else None

    def work(self, on, yes=None, no=None):
        return (yes if on else no,)


class Waits:
    INPUT_TYPES = classmethod(lambda cls: {"required": {"x": ("INT", {"min": 0, "max": 9})}})
    RETURN_TYPES = ("INT",)
    FUNCTION = "work"
    CATEGORY = "classic"

    @classmethod
    async def VALIDATE_INPUTS(cls, x, input_types):
        if input_types.get("x") == "IMAGE":
            return "a picture is no number"
        return True if x is None or x != 13 else "13 brings bad luck"

    async def work(self, x):
        return (x + 1,)


class Judge:
    INPUT_TYPES = classmethod(lambda cls: {"required": {"x": ("INT", {"max": 5}), "y": ("INT",)}})
    RETURN_TYPES = ("INT",)
    FUNCTION = "work"
    CATEGORY = "classic"

    @classmethod
    def VALIDATE_INPUTS(cls, **kwargs):
        return kwargs["x"] < 100

    def work(self, x, y):
        return (x,)


class Expands:
    INPUT_TYPES = classmethod(lambda cls: {"required": {"x": ("INT",)}})
    RETURN_TYPES = ("INT", "INT")
    FUNCTION = "work"
    CATEGORY = "classic"

    def work(self, x):
        graph = GraphBuilder()
        more = graph.node("Waits", x=x)
        return {"result": (more.out(0), x), "expand": graph.finalize()}


class Returns:
    """Gives back whatever it is told to."""

    INPUT_TYPES = classmethod(lambda cls: {"required": {"what": ("STRING",)}})
    RETURN_TYPES = ("LATENT",)
    FUNCTION = "work"
    CATEGORY = "classic"

    def work(self, what):
        return {
            "nothing": None,
            "bare": 7,
            "latent": {"samples": 1},
            "list": [7],
            "block": Blocked("stop"),
            "short": (),
        }[what]


class Broken:
    @classmethod
    def INPUT_TYPES(cls):
        raise RuntimeError("no folder")


@node("TypedBeside", category="classic")
def typed_beside(*, x: Float(0, 1) = 0.5) -> Float(0, 1):
    """A typed function in the same pack."""
    return x


NODE_CLASS_MAPPINGS = {
    cls.__name__: cls
    for cls in (
        Everything,
        Counter,
        Show,
        Lists,
        Switch,
        Waits,
        Judge,
        Expands,
        Returns,
        Broken,
    )
}
NODE_DISPLAY_NAME_MAPPINGS = {"Everything": "All of it"}
