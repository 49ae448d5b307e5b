"""A pack as people write them for ComfyUI whose node loops and never asks whether to stop."""


class NeverEnds:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}}

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"
    CATEGORY = "misbehaving"

    def run(self, text):
        try:
            while True:
                pass
        except BaseException:  # as many a pack does around its work
            self.run(text)


NODE_CLASS_MAPPINGS = {"NeverEnds": NeverEnds}
