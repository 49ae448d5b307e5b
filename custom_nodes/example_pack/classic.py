"""The same contract as a class, for packs that exist already; new nodes are easier as functions."""

from typing import Any


class ExampleRepeat:
    """Repeats a text."""

    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("text",)
    FUNCTION = "repeat"
    CATEGORY = "example"
    DESCRIPTION = "Repeat a text some times."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """The inputs, in sections."""
        return {
            "required": {
                "text": ("STRING", {"default": "again", "multiline": True}),
                "times": ("INT", {"default": 2, "min": 1, "max": 100}),
            }
        }

    @classmethod
    def VALIDATE_INPUTS(cls, text: str | None) -> bool | str:
        """Refuse what would be invisible; a wired text is not known yet."""
        return text is None or bool(text.strip()) or "type some text first"

    def repeat(self, text: str, times: int) -> tuple[str]:
        """Do the work."""
        return (" ".join([text] * times),)


NODE_CLASS_MAPPINGS: dict[str, type] = {"ExampleRepeat": ExampleRepeat}
NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {"ExampleRepeat": "Repeat text (example)"}
