"""``comfy.comfy_types``: names of types, and what classes of nodes may inherit from."""

from enum import StrEnum
from typing import Any, TypedDict


class _Any(str):
    """Equal to every type."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


class _IO(StrEnum):
    STRING = "STRING"
    IMAGE = "IMAGE"
    MASK = "MASK"
    LATENT = "LATENT"
    BOOLEAN = "BOOLEAN"
    INT = "INT"
    FLOAT = "FLOAT"
    COMBO = "COMBO"
    CONDITIONING = "CONDITIONING"
    SAMPLER = "SAMPLER"
    SIGMAS = "SIGMAS"
    GUIDER = "GUIDER"
    NOISE = "NOISE"
    CLIP = "CLIP"
    CONTROL_NET = "CONTROL_NET"
    VAE = "VAE"
    MODEL = "MODEL"
    LORA_MODEL = "LORA_MODEL"
    LOSS_MAP = "LOSS_MAP"
    CLIP_VISION = "CLIP_VISION"
    CLIP_VISION_OUTPUT = "CLIP_VISION_OUTPUT"
    STYLE_MODEL = "STYLE_MODEL"
    GLIGEN = "GLIGEN"
    UPSCALE_MODEL = "UPSCALE_MODEL"
    AUDIO = "AUDIO"
    WEBCAM = "WEBCAM"
    POINT = "POINT"
    FACE_ANALYSIS = "FACE_ANALYSIS"
    BBOX = "BBOX"
    SEGS = "SEGS"
    VIDEO = "VIDEO"
    NUMBER = "FLOAT,INT"
    PRIMITIVE = "STRING,FLOAT,INT,BOOLEAN"


class IO:
    """Names of types: ``IO.IMAGE`` is a member of an enum, ``IO.ANY`` fits all."""

    ANY = _Any("*")

    def __class_getitem__(cls, name: str) -> Any:
        return _IO[name]


for _member in _IO:
    setattr(IO, _member.name, _member)


class InputTypeDict(TypedDict, total=False):
    """What INPUT_TYPES gives."""

    required: dict[str, Any]
    optional: dict[str, Any]
    hidden: dict[str, Any]


class ComfyNodeABC:
    """A class of nodes."""

    DESCRIPTION: str = ""
    CATEGORY: str = "sd"
    FUNCTION: str
    RETURN_TYPES: tuple[Any, ...]

    @classmethod
    def INPUT_TYPES(cls) -> Any:
        """The inputs, in sections."""
        return {"required": {}}


class CheckLazyMixin:
    """Asks for every lazy input that is not there yet."""

    def check_lazy_status(self, **kwargs: Any) -> list[str]:
        """Names of inputs that are None."""
        return [name for name, value in kwargs.items() if value is None]


class FileLocator(TypedDict):
    """A file as clients find it."""

    filename: str
    subfolder: str
    type: str
