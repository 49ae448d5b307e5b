"""A node pack for tests: every kind of field, and results of every kind."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


class Kinds:
    """Fields of every kind; says what it was given."""

    RETURN_TYPES = ("STRING",)
    FUNCTION = "say"
    CATEGORY = "probe"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        share = {"min": 0.0, "max": 1.0, "step": 0.01}
        tags = ["portrait", "landscape", "night", "studio"]
        return {
            "required": {
                "strength": ("FLOAT", {"default": 0.6, **share, "display": "slider"}),
                "angle": ("INT", {"default": 45, "min": 0, "max": 360, "display": "knob"}),
                "warmth": ("FLOAT", {"default": 0.3, **share, "display": "gradientslider"}),
                "tint": ("COLOR", {"default": "#ff8800"}),
                "tags": ("COMBO", {"options": tags, "multi_select": {"placeholder": "any"}}),
                "soft": ("BOOLEAN", {"default": True, "label_on": "soft", "label_off": "hard"}),
                "served": ("COMBO", {"remote": {"route": "/models", "refresh_button": True}}),
            }
        }

    def say(self, **values: Any) -> dict[str, Any]:
        text = json.dumps(values, sort_keys=True)
        return {"ui": {"text": [text]}, "result": (text,)}


class Results:
    """Pictures, a sound and words, in the folder of what is not kept."""

    RETURN_TYPES = ()
    FUNCTION = "show"
    CATEGORY = "probe"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"pictures": ("INT", {"default": 3, "min": 0, "max": 99})}}

    def show(self, pictures: int) -> dict[str, Any]:
        import folder_paths

        folder = Path(folder_paths.get_temp_directory())
        folder.mkdir(parents=True, exist_ok=True)
        shade = np.linspace(40, 220, 64, dtype=np.uint8)[:, None, None]
        names = []
        for i in range(pictures):
            colour = np.roll(np.array([255, 160, 60]), i) / 255
            names.append(f"kinds_{i}.png")
            picture = (shade * colour).astype(np.uint8).repeat(64, 1)
            Image.fromarray(picture).save(folder / names[-1])
        with wave.open(str(folder / "kinds.wav"), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes((np.sin(np.arange(8000) / 3) * 9000).astype(np.int16).tobytes())
        found = [{"filename": name, "subfolder": "", "type": "temp"} for name in names]
        heard = [{"filename": "kinds.wav", "subfolder": "", "type": "temp"}]
        return {"ui": {"images": found, "audio": heard, "text": ["Three colours and a tone."]}}


class Drawn:
    """Fields that are drawn in; says what it was given."""

    RETURN_TYPES = ("STRING",)
    FUNCTION = "say"
    CATEGORY = "probe"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"tone": ("CURVE",), "crop": ("BOUNDING_BOX",), "all": ("BOUNDING_BOXES",)},
            "optional": {"image": ("IMAGE",)},
        }

    def say(self, image: Any = None, **values: Any) -> dict[str, Any]:
        text = json.dumps(values, sort_keys=True)
        return {"ui": {"text": [text]}, "result": (text,)}


NODE_CLASS_MAPPINGS = {"Kinds": Kinds, "KindsDrawn": Drawn, "KindsResults": Results}
