"""A prompt to a conditioning: its vectors, and what the encoder's hooks add to them.

Invariant: an encoder without hooks gives one entry; one whose hooks are scheduled gives an entry
for each part of the run in which they stay the same, and those parts do not overlap.
"""

from collections.abc import Mapping
from typing import Any

from ..conditioning import Conditioning
from ..handles import Clip, Conditioner
from ..weight_hooks import combined, hooked_clip, ranges
from .embeddings import Lookup, no_embeddings
from .encode import Prompt, encode


def encode_prompt(
    clip: Clip | Conditioner,
    text: Prompt,
    lookup: Lookup = no_embeddings,
    **options: Any,
) -> Conditioning:
    """Encode a prompt.

    Args:
        clip: the text encoders.
        text: the prompt, or one for each encoder by its name, or tokens.
        lookup: finds embeddings by name.
        options: of the entries.
    """
    hooks = clip.hooks if isinstance(clip, Clip) else ()
    if hooks and isinstance(clip, Clip) and clip.hooks_follow:
        options = {**options, "hooks": combined(options.get("hooks"), hooks)}
    if not (hooks and isinstance(clip, Clip) and clip.hooks_scheduled):
        return [_entry(clip, text, lookup, options)]
    found = []
    for start, end, numbers in ranges(hooks):
        part = {"clip_start_percent": start, "clip_end_percent": end}
        found.append(_entry(hooked_clip(clip, numbers), text, lookup, {**options, **part}))
    return found


def _entry(
    clip: Clip | Conditioner,
    text: Prompt,
    lookup: Lookup,
    options: Mapping[str, Any],
) -> list[Any]:
    vectors, pooled = encode(clip, text, lookup)
    return [vectors, {"pooled_output": pooled, **options}]
