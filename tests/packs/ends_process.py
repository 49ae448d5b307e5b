"""A pack as people write them for ComfyUI whose node takes the process down with it."""

import ctypes


class EndsProcess:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}}

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"
    CATEGORY = "misbehaving"

    def run(self, text):
        ctypes.string_at(0)


NODE_CLASS_MAPPINGS = {"EndsProcess": EndsProcess}
