"""Hypernetworks."""

from engine.api import Context, File, Float, Model, node
from engine.diffusion.hypernetworks import with_hypernetwork


@node("HypernetworkLoader", category="loaders", lane="host")
def hypernetwork_loader(
    *,
    model: Model,
    hypernetwork_name: File("hypernetworks"),
    strength: Float(-10.0, 10.0, step=0.01) = 1.0,
    ctx: Context,
) -> Model:
    """Change what a model's attentions look at by a hypernetwork.

    Args:
        model: the denoiser.
        hypernetwork_name: a .pt file of the folder hypernetworks.
        strength: how far to go; 0 changes nothing, less than 0 goes the other way.
    """
    path = ctx.folders.find("hypernetworks", hypernetwork_name)
    return with_hypernetwork(model, path, strength)
