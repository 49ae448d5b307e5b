"""The public face for node authors: everything a node file needs, and nothing else.

A node is a typed function. Its keyword-only parameters are the inputs, in the order in which
the canvas shows them; the return annotation gives the outputs; the docstring gives the
description and, below ``Args:``, the tooltips::

    from engine.api import Float, Latent, node

    @node("LatentBlend", category="latent")
    def latent_blend(*, a: Latent, b: Latent, blend_factor: Float(0, 1, step=0.01) = 0.5) -> Latent:
        \"\"\"Mix two latents linearly.

        Args:
            a: kept fully at blend_factor 1.
        \"\"\"

A parameter annotated with ``Context`` is no socket: it receives progress reporting,
cancellation and the folders of the installation. A parameter whose default is None is an
optional socket, and ``Float(0, 1, optional=True) = 0.5`` an optional widget. Return ``Output``
to give the canvas something to show.

More that a node may do:

- ``async def`` waits (for a network, a process) beside other nodes; a generator reports
  progress by ``yield value, total`` and returns its result.
- A parameter ``Lazy[Image]`` is evaluated only if ``@node(..., needs=function)`` asks for it:
  ``function(inputs)`` gives the names that are needed, given what is there.
- ``Blocked("why")`` as a result skips everything that would use it.
- ``Items[Image]`` as a return annotation is a list whose items feed other nodes one by one;
  ``@node(..., input_is_list=True)`` gets all items of its inputs in one call.
- ``Output(values, expand=graph.finalize())`` lets other nodes do the work: build them with
  ``GraphBuilder``, give ``graph.node(...).out(0)`` as values.
- ``register_sampler``, ``register_scheduler``, ``register_family`` offer mathematics by name;
  ``register_replacement`` lets workflows with a renamed node run;
  ``@routes.get("/my-pack/...")`` serves something, ``send_event`` tells the canvas something.
- ``@node(..., fingerprint=function)`` runs the node again when what the function returns has
  changed; ``@node(..., check=function)`` refuses constants with a text before they are queued.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from engine.errors import Interrupted, InvalidInput, ModelFileError, NodeError
from engine.graph.replacements import Replacement
from engine.plugins.builder import GraphBuilder
from engine.plugins.lists import Growing, added
from engine.plugins.node import Blocked, Collected, Context, Gathered, Node, Output, saved_image
from engine.plugins.replacing import register
from engine.plugins.serving import SERVING
from engine.plugins.typed import Items, Lazy, Raw, Socket, node

if TYPE_CHECKING:
    from aiohttp import web

    #: Where a pack registers what it serves: ``@routes.get("/my-pack/state")``.
    routes: web.RouteTableDef

__all__ = [
    "Blocked",
    "Bool",
    "Choice",
    "Clip",
    "ClipVision",
    "ClipVisionOutput",
    "Collected",
    "Conditioning",
    "Context",
    "File",
    "Float",
    "Gathered",
    "GraphBuilder",
    "Growing",
    "Guider",
    "Image",
    "Int",
    "Interrupted",
    "InvalidInput",
    "Items",
    "Latent",
    "Lazy",
    "Mask",
    "Model",
    "ModelFileError",
    "Node",
    "NodeError",
    "Noise",
    "Output",
    "Raw",
    "Sampler",
    "SavedImage",
    "Seed",
    "Sigmas",
    "Socket",
    "Text",
    "UploadedImage",
    "UpscaleModel",
    "Vae",
    "node",
    "register_family",
    "register_replacement",
    "register_sampler",
    "register_scheduler",
    "routes",
    "saved_image",
    "send_event",
]

Model = Annotated[Any, Socket("MODEL")]
Clip = Annotated[Any, Socket("CLIP")]
Vae = Annotated[Any, Socket("VAE")]
ClipVision = Annotated[Any, Socket("CLIP_VISION")]
ClipVisionOutput = Annotated[Any, Socket("CLIP_VISION_OUTPUT")]
UpscaleModel = Annotated[Any, Socket("UPSCALE_MODEL")]
#: What a sampling takes its noise, its guidance, its algorithm and its noise levels from.
Noise = Annotated[Any, Socket("NOISE")]
Guider = Annotated[Any, Socket("GUIDER")]
Sampler = Annotated[Any, Socket("SAMPLER")]
#: float32 vector on the CPU, descending.
Sigmas = Annotated[Any, Socket("SIGMAS")]
Conditioning = Annotated[Any, Socket("CONDITIONING")]
#: dict with ``samples``: ``b c h w`` unscaled latent; perhaps ``noise_mask``, ``batch_index``.
Latent = Annotated[Any, Socket("LATENT")]
#: float32 tensor ``b h w c`` in 0..1.
Image = Annotated[Any, Socket("IMAGE")]
#: float32 tensor ``b h w`` in 0..1; 1 means "regenerate here".
Mask = Annotated[Any, Socket("MASK")]


def Int(min: int, max: int, **options: Any) -> Socket:
    """A whole number in ``min..max``."""
    return Socket("INT", {"min": min, "max": max, **options})


def Seed() -> Socket:
    """A seed, with the canvas's control for what happens to it after a run."""
    return Int(0, 2**64 - 1, control_after_generate=True)


def Float(min: float, max: float, **options: Any) -> Socket:
    """A number in ``min..max``."""
    return Socket("FLOAT", {"min": float(min), "max": float(max), **options})


def Text(**options: Any) -> Socket:
    """Text; ``multiline=True`` gives a text area."""
    return Socket("STRING", options)


def Bool(**options: Any) -> Socket:
    """A switch."""
    return Socket("BOOLEAN", options)


def Choice(choices: Sequence[Any], **options: Any) -> Socket:
    """One of a fixed list; the first is the default."""
    names = choices if isinstance(choices, Growing) else tuple(choices)
    return Socket("COMBO", options, choices=names)


def File(folder: str, **options: Any) -> Socket:
    """A file of a model folder, such as ``checkpoints``; resolve it by ``ctx.folders.find``."""
    return Socket("COMBO", options, folder=folder)


def SavedImage() -> Socket:
    """A picture of the output folder."""
    return File("output", image_upload=True, image_folder="output")


def UploadedImage() -> Socket:
    """A picture of the input folder, with an upload button; ``ctx.folders.annotated``."""
    return File("input", image_upload=True)


def register_sampler(name: str, sampler: Any, code: Callable[..., Any] | None = None) -> None:
    """Offer a sampler in all nodes that have a list of them.

    Args:
        name: as the list shows it.
        sampler: an :class:`engine.diffusion.samplers.Sampler`, whose ``step`` is a pure function
            from one state to the next.
        code: the function that its results depend on, if that is not ``step``.
    """
    from engine.diffusion.samplers import SAMPLERS

    SAMPLERS[name] = replace(sampler, name=name)
    added(name, code or sampler.step)


def register_scheduler(
    name: str, levels: Callable[..., Any], code: Callable[..., Any] | None = None
) -> None:
    """Offer a scheduler in all nodes that have a list of them.

    Args:
        name: as the list shows it.
        levels: ``(sampling, steps)`` gives ``steps + 1`` noise levels, descending, the last 0.
        code: the function that its results depend on, if that is not ``levels``.
    """
    from engine.diffusion.schedules import SCHEDULERS

    SCHEDULERS[name] = levels
    added(name, code or levels)


def register_family(family: Any) -> None:
    """Load checkpoints of another family of models.

    Args:
        family: an :class:`engine.diffusion.families.Family`; it is asked before those that are
            known, and one of the same name takes the place of the other.
    """
    from engine.diffusion.families import FAMILIES

    FAMILIES[:] = [family, *(known for known in FAMILIES if known.name != family.name)]


def register_replacement(
    old: str,
    new: str,
    inputs: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
    outputs: Mapping[int, int] | None = None,
    widgets: Sequence[str] | None = None,
) -> None:
    """Let workflows with a node that is no more run with another one.

    Args:
        old: id of the node that is no more.
        new: id of the node that does its work now.
        inputs: names of the new node's inputs to those of the old one; None keeps all names.
        values: of inputs that only the new node has.
        outputs: numbers of the old node's outputs to those of the new one.
        widgets: names of the old node's widgets in their order, for workflows of the canvas.
    """
    fields = [{"new_id": name, "old_id": before} for name, before in (inputs or {}).items()]
    fields += [{"new_id": name, "set_value": value} for name, value in (values or {}).items()]
    slots = [{"old_idx": before, "new_idx": now} for before, now in (outputs or {}).items()]
    given = inputs is not None or values is not None
    register(Replacement(old, new, widgets, fields if given else None, slots or None))


def send_event(type: str, data: Mapping[str, Any], client: str | None = None) -> None:
    """Send an event over the websockets, to one client or to all; from any thread."""
    SERVING.send(type, data, client)


def __getattr__(name: str) -> Any:
    if name == "routes":  # aiohttp is loaded for packs that serve something
        return SERVING.routes
    raise AttributeError(f"module 'engine.api' has no attribute '{name}'")
