"""``ui`` of ``comfy_api.latest``: what nodes show, with the files that it needs written."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import NodeError
from nodes.image import save_pictures

from . import state
from .schema_inputs import FolderType

_RESULT, _PREVIEW = 4, 1


class SavedResult(dict[str, Any]):
    """A file, as clients find it."""

    def __init__(self, filename: str, subfolder: str, type: str) -> None:
        super().__init__(filename=filename, subfolder=subfolder, type=str(type))


class _Shown:
    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = dict(told)

    def as_dict(self) -> dict[str, Any]:
        """As clients get it."""
        return dict(self._told)


class SavedImages(_Shown):
    """Pictures that were saved."""

    def __init__(self, results: Sequence[SavedResult], is_animated: bool = False) -> None:
        moving = {"animated": (True,)} if is_animated else {}
        super().__init__({"images": list(results), **moving})


class SavedAudios(_Shown):
    """Sounds that were saved."""

    def __init__(self, results: Sequence[SavedResult]) -> None:
        super().__init__({"audio": list(results)})


class PreviewVideo(_Shown):
    """Videos that were saved."""

    def __init__(self, values: Sequence[SavedResult], **_: Any) -> None:
        super().__init__({"images": list(values), "animated": (True,)})


class PreviewText(_Shown):
    """A text on the node."""

    def __init__(self, value: str, **_: Any) -> None:
        super().__init__({"text": (value,)})


class PreviewImage(_Shown):
    """Pictures on the node, in the folder of temporary files; ``n h w c`` in [0, 1]."""

    def __init__(self, image: Any, animated: bool = False, cls: Any = None, **_: Any) -> None:
        letters = "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(5))
        results = ImageSaveHelper.save_images(
            image, f"preview_{letters}", FolderType.temp, cls, compress_level=_PREVIEW
        )
        super().__init__({"images": results, **({"animated": (True,)} if animated else {})})


class PreviewMask(PreviewImage):
    """A mask ``n h w`` as a grey picture on the node."""

    def __init__(self, mask: Any, animated: bool = False, cls: Any = None, **more: Any) -> None:
        grey = mask.reshape((-1, 1, *mask.shape[-2:])).movedim(1, -1).expand(-1, -1, -1, 3)
        super().__init__(grey, animated, cls, **more)


class ImageSaveHelper:
    """Saves pictures as the built-in nodes do, with the workflow inside."""

    @staticmethod
    def save_images(
        images: Any,
        filename_prefix: str,
        folder_type: Any,
        cls: Any = None,
        compress_level: int = _RESULT,
    ) -> list[SavedResult]:
        """Save PNG files; ``images`` is ``n h w c`` in [0, 1]."""
        ctx = state.context()
        if ctx is None:
            raise NodeError("Pictures can only be saved while a node runs.")
        saved = save_pictures(images, filename_prefix, str(folder_type), compress_level, ctx)
        return [SavedResult(**ref) for ref in saved.ui["images"]]

    @staticmethod
    def get_save_images_ui(
        images: Any, filename_prefix: str, cls: Any = None, compress_level: int = _RESULT
    ) -> SavedImages:
        """Save to the output folder, and show."""
        save = ImageSaveHelper.save_images
        return SavedImages(save(images, filename_prefix, FolderType.output, cls, compress_level))
