"""GLIGEN: phrases in boxes."""

from functools import partial
from typing import Annotated, Any

from engine.api import (
    Clip,
    Conditioning,
    Context,
    File,
    Int,
    InvalidInput,
    Socket,
    Text,
    node,
)
from engine.diffusion.gligen import load_gligen, with_box
from engine.diffusion.text.embeddings import find_embedding
from engine.diffusion.text.encode import summarize

Gligen = Annotated[Any, Socket("GLIGEN")]
MAX_SIDE = 16384
#: Pixels a side of one latent cell.
CELL = 8


@node("GLIGENLoader", category="loaders", lane="host")
def gligen_loader(*, gligen_name: File("gligen"), ctx: Context) -> Gligen:
    """Load a GLIGEN, which puts phrases into boxes.

    Args:
        gligen_name: a file of the folder gligen; the published ones are for SD 1.x.
    """
    return load_gligen(ctx.folders.find("gligen", gligen_name))


@node("GLIGENTextBoxApply", category="conditioning/gligen")
def gligen_text_box_apply(
    *,
    conditioning_to: Conditioning,
    clip: Clip,
    gligen_textbox_model: Gligen,
    text: Text(multiline=True, dynamicPrompts=True),
    width: Int(8, MAX_SIDE, step=8) = 64,
    height: Int(8, MAX_SIDE, step=8) = 64,
    x: Int(0, MAX_SIDE, step=8) = 0,
    y: Int(0, MAX_SIDE, step=8) = 0,
    ctx: Context,
) -> Conditioning:
    """Draw something in a box of the picture.

    Args:
        conditioning_to: the prompt of the whole picture.
        clip: the text encoder of the checkpoint.
        gligen_textbox_model: reads the box; 30 boxes can be chained.
        text: what shall be in the box.
        width: of the box, in pixels.
        height: of the box, in pixels.
        x: its left side.
        y: its top.
    """
    lookup = partial(find_embedding, ctx.folders.models.get("embeddings", ()))
    phrase = summarize(clip, text, lookup)
    if phrase.shape[-1] != gligen_textbox_model.text_dim:
        raise InvalidInput(
            f"The text encoder gives vectors of {phrase.shape[-1]} numbers, but the GLIGEN file "
            f"reads {gligen_textbox_model.text_dim}: use the text encoder of an SD 1.x checkpoint."
        )
    box = (phrase, *(n // CELL for n in (height, width, y, x)))
    return with_box(conditioning_to, gligen_textbox_model, box)
