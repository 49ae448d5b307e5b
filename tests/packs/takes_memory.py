"""A pack as people write them for ComfyUI whose node keeps all it makes, without end."""

import torch

HELD = []


class TakesMemory:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}}

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"
    CATEGORY = "misbehaving"

    def run(self, text):
        while True:
            HELD.append(torch.ones(16 << 20))


NODE_CLASS_MAPPINGS = {"TakesMemory": TakesMemory}
