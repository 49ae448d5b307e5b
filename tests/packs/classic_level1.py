"""A pack as people write them for ComfyUI, with what the first level of compatibility offers."""

import os

import comfy.model_management as mm
import comfy.utils
import folder_paths
import node_helpers
import torch
from comfy.cli_args import args
from comfy.comfy_types import IO, ComfyNodeABC
from comfy.ldm.flux.layers import timestep_embedding
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder

folder_paths.add_model_folder_path("my_models", os.path.join(folder_paths.models_dir, "mine"))
os.makedirs(folder_paths.get_folder_paths("my_models")[0], exist_ok=True)


class Level1Resize(ComfyNodeABC):
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "image": (IO.IMAGE, {}),
                "width": (IO.INT, {"default": 8}),
                "lora": (folder_paths.get_filename_list("loras"),),
                "mine": (folder_paths.get_filename_list("my_models") or ["none"],),
            },
            "optional": {"anything": (IO.ANY, {})},
        }

    RETURN_TYPES = (IO.IMAGE, IO.STRING)
    FUNCTION = "run"
    CATEGORY = "level1"

    def run(self, image, width, lora, mine, anything=None):
        bar = comfy.utils.ProgressBar(2)
        bar.update(1)
        mm.throw_exception_if_processing_interrupted()
        out = comfy.utils.common_upscale(image.movedim(-1, 1), width, width, "lanczos", "center")
        bar.update(1)
        assert mm.get_torch_device().type == "cpu" and args.cpu and args.no_such_flag is None
        return (out.movedim(1, -1).to(mm.intermediate_device()), lora)


class Level1Save:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}, "hidden": {"id": "UNIQUE_ID"}}

    RETURN_TYPES = ()
    FUNCTION = "run"
    OUTPUT_NODE = True

    def run(self, image, id):
        root = folder_paths.get_output_directory()
        folder, stem, number, subfolder, _ = folder_paths.get_save_image_path("a/b", root, 4, 4)
        name = f"{stem}_{number:05}_.txt"
        with open(os.path.join(folder, name), "w") as file:
            file.write(f"{id} {tuple(image.shape)}")
        return {"ui": {"text": [name, subfolder]}}


class Level1Lacks:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"

    def run(self, image):
        return (timestep_embedding(image, image, image, 1),)


class Level1Expand:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "block": ("BOOLEAN", {"default": False})}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"

    def run(self, image, block):
        if block:
            return (ExecutionBlocker("blocked by the pack"),)
        graph = GraphBuilder()
        inverted = graph.node("ImageInvert", image=image)
        return {"result": (inverted.out(0),), "expand": graph.finalize()}


def conditioning():
    return node_helpers.conditioning_set_values([[torch.zeros(1), {"a": [1]}]], {"a": [2]}, True)


NODE_CLASS_MAPPINGS = {
    cls.__name__: cls for cls in (Level1Resize, Level1Save, Level1Lacks, Level1Expand)
}
