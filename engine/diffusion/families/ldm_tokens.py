"""The models of the latent diffusion paper that read tokens (Rombach et al. 2022, section 4.3).

Class-conditional ImageNet (one token from a table), captions and layouts (a BERT-like
transformer; layouts have 92 tokens: thirty objects of three, and the crop of two). What encodes
the condition tells them apart; a U-Net of its own is told by its width and depth.

Heads show in no tensor: eight in the large text model, one in cin256-v2, else 32 channels each.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ..handles import Clip, Conditioner, TextEncoder
from ..networks.condition_stages import ClassTable, LdmBert, LdmBertConfig
from ..networks.unet import UNetConfig
from ..weights import Header, Shapes, Weights, strip_prefix
from .autoencoder import describe_vae
from .family import Checkpoint, Family
from .ldm import BETAS, STAGE, latent_format, sampling
from .parts import VAE, describe_unet, in_channels, is_convolutional, unet_shapes
from .sizes import unet_config

TABLE = f"{STAGE}embedding.weight"
BERT = f"{STAGE}transformer."
#: Tokens of a layout.
LAYOUT_LENGTH = 92
#: First channels and width of tokens of the first model for ImageNet.
CIN256 = 256, 512
#: Variances of the large text model, which Stable Diffusion took over.
LARGE_BETAS = 0.00085, 0.012


def _kind(shapes: Shapes) -> str:
    """``class``, ``layout``, ``text``, or nothing if it is none of these."""
    unet = unet_shapes(shapes)
    pooled = any(k.startswith("label_emb.") for k in unet)
    if not is_convolutional(unet) or in_channels(unet) not in (3, 4) or pooled:
        return ""
    if TABLE in shapes:
        return "class"
    if f"{BERT}token_emb.weight" in shapes:
        length = shapes[f"{BERT}pos_emb.emb.weight"][0]
        return "layout" if length == LAYOUT_LENGTH else "text"
    return _kind_of_unet(unet_config(unet))


def _kind_of_unet(config: UNetConfig) -> str:
    """The kind of a U-Net that is a file of its own; with four channels, all but one are SD 1.x."""
    if config.in_channels == 4:
        return "class" if (config.model_channels, config.context_dim) == CIN256 else ""
    if config.context_dim != 512:
        return "text"
    return "layout" if config.middle_depth > 1 else "class"


def _matches(kind: str, shapes: Shapes) -> bool:
    return _kind(shapes) == kind


def _describe(kind: str, header: Header) -> Checkpoint:
    vae, config = describe_vae(header, VAE), unet_config(unet_shapes(header.shapes))
    betas = (BETAS[0], 0.0205) if kind == "layout" else BETAS
    if kind == "text" and config.out_channels == 4:
        betas = LARGE_BETAS
    levels, form = sampling(header, *betas), latent_format(header, vae)
    model = describe_unet(header, levels, form, config=_with_heads(config, kind))
    return Checkpoint(model, _encoder(kind, header), vae)


def _with_heads(config: UNetConfig, kind: str) -> UNetConfig:
    fixed = {("text", 4): 8, ("class", 3): 1}.get((kind, config.out_channels))
    return replace(config, heads=fixed, head_channels=32)


def _encoder(kind: str, header: Header) -> Clip | Conditioner | None:
    if kind == "class":
        return _table(header)
    if f"{BERT}token_emb.weight" not in header.shapes:
        return None
    config = bert_config(header.shapes)
    id = f"{header.id}:{'bert' if kind == 'text' else 'condition'}"
    names = header.through(_bert_names)
    weights = Weights(id, header.path, "text", partial(LdmBert, config), names)
    sizes = config.vocab_size, config.width, config.positions
    if kind == "layout":
        return Conditioner("layout", weights, *sizes, names=_names_of_classes(header))
    return Clip((TextEncoder("bert", weights, *sizes, pad=0, vocabulary="bert"),))


def _table(header: Header) -> Conditioner | None:
    if TABLE not in header.shapes:
        return None
    classes, width = header.shapes[TABLE]
    build = partial(ClassTable, classes, width)
    names = header.through(partial(strip_prefix, STAGE, ""))
    weights = Weights(f"{header.id}:condition", header.path, "text", build, names)
    return Conditioner("class", weights, classes, width, names=_names_of_classes(header))


def _names_of_classes(header: Header) -> tuple[str, ...]:
    """What the file's metadata calls its classes: a list in JSON under ``class_names``."""
    return tuple(map(str, json.loads(header.metadata.get("class_names", "[]"))))


def bert_config(shapes: Shapes) -> LdmBertConfig:
    """Sizes of the transformer of a checkpoint."""
    vocab_size, width = shapes[f"{BERT}token_emb.weight"]
    queries = [k for k in shapes if k.startswith(BERT) and k.endswith(".1.to_q.weight")]
    return LdmBertConfig(
        vocab_size=vocab_size,
        width=width,
        layers=len(queries),
        positions=shapes[f"{BERT}pos_emb.emb.weight"][0],
        inner=shapes[queries[0]][0],
    )


def _bert_names(keys: Iterable[str]) -> dict[str, str]:
    """What belongs to the transformer, but for the head that it was trained with."""
    names = strip_prefix(BERT, "", keys)
    return {key: name for key, name in names.items() if not name.startswith("to_logits.")}


CLASSES = Family(
    "Latent diffusion by class", partial(_matches, "class"), partial(_describe, "class")
)
CAPTIONS = Family("Latent diffusion by text", partial(_matches, "text"), partial(_describe, "text"))
LAYOUTS = Family(
    "Latent diffusion by layout", partial(_matches, "layout"), partial(_describe, "layout")
)
