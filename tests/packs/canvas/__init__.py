"""A node pack for tests: scripts for the ComfyUI page, each for some rows of its contract."""

import json
from typing import Any

WEB_DIRECTORY = "web"


class Probe:
    """Says what it was given; ``stars`` has a field that only the pack's script knows."""

    RETURN_TYPES = ("STRING", "IMAGE")
    FUNCTION = "say"
    CATEGORY = "probe"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "name": ("STRING", {"default": "Ada"}),
                "stars": ("STARS", {"default": 3}),
                "size": ("INT", {"default": 4, "min": 0, "max": 9}),
            },
            "optional": {"text": ("STRING", {"forceInput": True}), "note": ("NOTE",)},
        }

    def say(self, **values: Any) -> dict[str, Any]:
        text = json.dumps(values, sort_keys=True)
        return {"ui": {"text": [text]}, "result": (text, None)}


NODE_CLASS_MAPPINGS = {"CanvasProbe": Probe}
