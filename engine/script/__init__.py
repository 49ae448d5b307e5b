"""Workflows written in Python: each node is a function, each output a value to pass on.

    from engine.script import Workflow
    from engine.script.nodes import CheckpointLoaderSimple, CLIPTextEncode, EmptyLatentImage
    from engine.script.nodes import KSampler, SaveImage, VAEDecode

    with Workflow() as flow:
        model, clip, vae = CheckpointLoaderSimple(ckpt_name="loom-tiny.safetensors")
        sampled = KSampler(
            model=model,
            positive=CLIPTextEncode(text="a red apple, 3d render", clip=clip),
            negative=CLIPTextEncode(text="", clip=clip),
            latent_image=EmptyLatentImage(width=128, height=128),
            cfg=3.0,
        )
        SaveImage(images=VAEDecode(samples=sampled, vae=vae))

Nothing runs meanwhile: ``flow.prompt()`` is the graph in API format, ``flow.save("apple.json")``
writes it, ``engine.client.Client().run(flow.prompt())`` runs it, and the command line takes the
script wherever it takes a workflow (``python main.py run apple.py``).
"""

from .workflow import Link, Workflow, node

__all__ = ["Link", "Workflow", "node"]
