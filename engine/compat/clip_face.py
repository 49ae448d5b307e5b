"""A CLIP as packs see it: ``tokenize``, ``encode_from_tokens`` and what belongs to them.

Invariant: tokens are lists by encoder name (``l``, ``g``, ...) of rows of ``(token, weight)``, a
token being a number or a learned vector; what is done with them in between is what is encoded.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from engine.diffusion import residency
from engine.diffusion.handles import Clip
from engine.diffusion.patches import Patch
from engine.diffusion.stored import stored_tensors
from engine.diffusion.text.conditions import encode_prompt
from engine.diffusion.text.embeddings import find_embedding
from engine.diffusion.text.encode import Tokens, encode, tokenize

from . import state
from .lora_patches import changes_of
from .networks import names_of, own_network

#: ``(token, weight)``, or with the number of the word that it comes from.
Token = tuple[Any, ...]
TokenRows = Mapping[str, Sequence[Sequence[Token]]]


class CLIP:
    """One or two text encoders with their tokenizers.

    Attributes:
        layer_idx: whose output is used; None: each encoder's own.
        patches_uuid: changes with the weights' patches.
        use_clip_schedule: encode once for each part of a run in which hooks stay the same.
        apply_hooks_to_conds: whether hooks go on to the denoiser.
    """

    def __init__(self, handle: Clip, *args: Any, **kwargs: Any) -> None:
        if not isinstance(handle, Clip):
            from .missing import Missing

            Missing("comfy.sd.CLIP of a network of a pack's own")()
        self._handle = handle
        self.patches_uuid: Any = hash(tuple(e.patches for e in handle.encoders))

    def handle(self) -> Clip:
        """The engine's."""
        return self._handle

    def clone(self) -> "CLIP":
        """The same, to be changed on its own."""
        return type(self)(self._handle)

    @property
    def patcher(self) -> "CLIP":
        """What weights are patched through, and where the encoders are: this."""
        return self

    @property
    def tokenizer(self) -> "CLIP":
        """What cuts texts into tokens: this."""
        return self

    @property
    def load_device(self) -> torch.device:
        """Where encoders compute."""
        return residency.residency().device

    @property
    def offload_device(self) -> torch.device:
        """Where weights wait."""
        return residency.HOST

    @property
    def layer_idx(self) -> int | None:
        """Whose output is used."""
        return self._handle.layer

    @property
    def use_clip_schedule(self) -> bool:
        """Whether texts are encoded once for each part of a run."""
        return self._handle.hooks_scheduled

    @use_clip_schedule.setter
    def use_clip_schedule(self, wanted: bool) -> None:
        self._handle = replace(self._handle, hooks_scheduled=bool(wanted))

    @property
    def apply_hooks_to_conds(self) -> Any:
        """The hooks that go on to the denoiser; None if none do."""
        return self._handle.hooks if self._handle.hooks_follow and self._handle.hooks else None

    @property
    def cond_stage_model(self) -> nn.Module:
        """The networks by ``clip_`` and name: modules of the caller's own over shared tensors."""
        found = nn.Module()
        for encoder in self._handle.encoders:
            network = own_network(encoder.weights, encoder.patches)
            found.add_module(f"clip_{encoder.name}", network)
        return found

    def clip_layer(self, layer_idx: int) -> None:
        """Use the output of a layer: -1 the last, -2 the one before."""
        self._handle = replace(self._handle, layer=layer_idx)

    def set_tokenizer_option(self, option_name: str, value: Any) -> None:
        """Not asked: the tokenizers here have no options."""

    def tokenize(self, text: str, return_word_ids: bool = False, **more: Any) -> dict[str, Any]:
        """Cut a text into rows of weighted tokens, by encoder."""
        rows = {e.name: tokenize(e, text, _embeddings()) for e in self._handle.encoders}
        if not return_word_ids:
            return rows
        return {name: [_numbered(row) for row in found] for name, found in rows.items()}

    def encode_from_tokens(
        self, tokens: TokenRows, return_pooled: Any = False, return_dict: bool = False
    ) -> Any:
        """Vectors ``1 n width``; with the pooled one ``1 width``, or both by name, if wanted."""
        vectors, pooled = encode(self._handle, _plain(tokens))
        if return_dict:
            return {"cond": vectors, "pooled_output": pooled}
        return (vectors, pooled) if return_pooled else vectors

    def encode_from_tokens_scheduled(
        self,
        tokens: TokenRows,
        unprojected: bool = False,
        add_dict: Mapping[str, Any] | None = None,
        show_pbar: bool = True,
        **more: Any,
    ) -> list[Any]:
        """A conditioning: one entry for each part of a run in which hooks stay the same."""
        return list(encode_prompt(self._handle, _plain(tokens), **(add_dict or {})))

    def encode(self, text: str) -> Tensor:
        """The vectors of a text, ``1 n width``."""
        vectors: Tensor = self.encode_from_tokens(self.tokenize(text))
        return vectors

    def add_patches(
        self, patches: Mapping[Any, Any], strength_patch: float = 1.0, strength_model: float = 1.0
    ) -> list[Any]:
        """Change weights of the encoders.

        Args:
            patches: by tensor name (below ``clip_`` and the encoder's name), what is done to it.
            strength_patch: how far to go.
            strength_model: the weights are multiplied by this before.

        Returns:
            The names that the encoders have.
        """
        done: list[Any] = []
        for encoder in self._handle.encoders:
            prefix, known = f"clip_{encoder.name}.", names_of(encoder.weights)
            names = {k: str(k if isinstance(k, str) else k[0]) for k in patches}
            fitting = {
                k: n.removeprefix(prefix)
                for k, n in names.items()
                if n.startswith(prefix) and n.removeprefix(prefix) in known
            }
            if fitting:
                changes = {n: changes_of(k, patches[k]) for k, n in fitting.items()}
                patch = Patch(f"pack:{uuid.uuid4().hex}", strength_patch, changes, strength_model)
                self._handle = self._handle.patched(patch, encoder=encoder.name)
                done += fitting
        self.patches_uuid = uuid.uuid4() if done else self.patches_uuid
        return done

    def get_key_patches(self, filter_prefix: str | None = None) -> dict[str, Any]:
        """The tensors of the encoders as patches that others can be given."""
        found = self.get_sd()
        return {k: (t,) for k, t in found.items() if k.startswith(filter_prefix or "")}

    def get_sd(self) -> dict[str, Tensor]:
        """All tensors, below ``clip_`` and the encoder's name."""
        return {
            f"clip_{encoder.name}.{name}": tensor
            for encoder in self._handle.encoders
            for name, tensor in stored_tensors(encoder.weights, encoder.patches)
        }

    def load_model(self, *args: Any, **kwargs: Any) -> "CLIP":
        """Nothing to do: encoders are loaded when they are used. Gives the patcher."""
        return self


def _embeddings() -> Any:
    return partial(find_embedding, state.folders.models.get("embeddings", ()))


def _plain(tokens: TokenRows) -> Tokens:
    """Tokens without numbers of words."""
    return Tokens({k: [[(t[0], t[1]) for t in row] for row in v] for k, v in tokens.items()})


def _numbered(row: Sequence[Token]) -> list[Token]:
    """Tokens with numbers of words: 0 for what frames them, else one for each token."""
    last = len(row) - 1
    return [(token, weight, 0 if i in (0, last) else i) for i, (token, weight) in enumerate(row)]
