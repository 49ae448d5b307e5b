"""Run a workflow written in Python with comfy-script: ``run_script.py URL``."""

import sys

from comfy_script.runtime import Workflow, load

load(sys.argv[1])

from comfy_script.runtime import nodes  # noqa: E402  # made by load()


def main() -> None:
    """Wire the nodes as functions, run, and print the size of each result."""
    with Workflow(wait=True):
        model, clip, vae = nodes.CheckpointLoaderSimple("loom-tiny.safetensors")
        positive, negative = (nodes.CLIPTextEncode(text, clip) for text in ("a pear", ""))
        latent = nodes.EmptyLatentImage(64, 64, 1)
        sampled = nodes.KSampler(model, 3, 2, 7, "euler", "normal", positive, negative, latent, 1)
        saved = nodes.SaveImage(nodes.VAEDecode(sampled, vae), "script")
    for picture in saved.wait():
        print("picture", picture.size)


if __name__ == "__main__":
    main()
