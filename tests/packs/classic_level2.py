"""A pack that makes a picture with the nodes of the program it is installed in."""

import comfy.sample
import comfy.samplers
import latent_preview
import torch

import nodes
from nodes import MAX_RESOLUTION, CLIPTextEncode, SaveImage, VAEDecode, common_ksampler


class Level2Picture:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "ckpt_name": nodes.CheckpointLoaderSimple.INPUT_TYPES()["required"]["ckpt_name"],
                "text": ("STRING", {"default": "an apple"}),
                "width": ("INT", {"default": 64, "max": MAX_RESOLUTION}),
                "sampler": (comfy.samplers.KSampler.SAMPLERS,),
                "scheduler": (comfy.samplers.KSampler.SCHEDULERS,),
                "by_parts": ("BOOLEAN", {"default": False}),
            }
        }

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "make"

    def make(self, ckpt_name, text, width, sampler, scheduler, by_parts):
        model, clip, vae = nodes.CheckpointLoaderSimple().load_checkpoint(ckpt_name)
        (positive,) = CLIPTextEncode().encode(clip, text)
        (negative,) = CLIPTextEncode().encode(clip=clip, text="")
        (latent,) = nodes.EmptyLatentImage().generate(width, width, 1)
        if not by_parts:
            (out,) = common_ksampler(
                model, 5, 3, 4.0, sampler, scheduler, positive, negative, latent, denoise=1.0
            )
        else:
            samples = comfy.sample.fix_empty_latent_channels(model, latent["samples"])
            noise = comfy.sample.prepare_noise(samples, 5)
            told = latent_preview.prepare_callback(model, 3)
            made = comfy.sample.sample(
                model,
                noise,
                3,
                4.0,
                sampler,
                scheduler,
                positive,
                negative,
                samples,
                callback=told,
                seed=5,
            )
            out = {"samples": made}
        return VAEDecode().decode(vae, out)


class Level2Save(SaveImage):
    def __init__(self):
        super().__init__()
        self.prefix_append = "_pack"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"images": ("IMAGE",)}, "hidden": {"prompt": "PROMPT"}}

    FUNCTION = "save"

    def save(self, images, prompt=None):
        assert self.type == "output"
        return self.save_images(torch.clamp(images, 0, 1), "level2" + self.prefix_append, prompt)


NODE_CLASS_MAPPINGS = {"Level2Picture": Level2Picture, "Level2Save": Level2Save}
