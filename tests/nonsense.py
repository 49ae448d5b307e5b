"""What tests send to the server that no client should: values, bodies and damaged files."""

import io
import os
import struct
from json import dumps

import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from safetensors.torch import save

#: How many cases; the suite tries few.
COUNT = int(os.environ.get("LOOM_FUZZ", "600"))
NASTY = [
    *("", ".", "..", "../..", "..\\..", "/etc/passwd", "C:\\x", "\\\\host\\share", "a/../../b"),
    *("%2e%2e", "a\0b", "\n", "é", "𝄞", "'", '"', "<script>", "{}", "[]", "null", "-1", "0"),
    *("1e309", "x" * 300, "workflows/a.json", "loom-tiny.safetensors", "checkpoints", "output"),
]
KEYS = [
    *("prompt", "client_id", "number", "front", "extra_data", "delete", "clear", "prompt_id"),
    *("type", "class_type", "inputs", "name", "filename", "subfolder", "password", "role"),
    *("unload_models", "partial_execution_targets", "axes", "workflow", "dest", "overwrite"),
    *("after", "limit", "status", "label", "settings", "value", "kind", "index", "file", "tags"),
]
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(NASTY),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS + NASTY), inner, max_size=5)
    ),
    max_leaves=12,
)
#: JSON that means something to us, infinite numbers too, and JSON that is too deep for parsers.
JSON = NESTED.map(dumps) | st.integers(900, 90_000).map(lambda deep: "[" * deep + "]" * deep)


def thorough(part: float = 1.0) -> settings:
    """As many cases as :data:`COUNT` says, or a part of them; the same ones each time."""
    return settings(
        max_examples=max(1, int(COUNT * part)),
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file that was cut, or in which some bytes are others; most often near its beginning."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, min(len(data), 200)) | st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 1, 4, 8]))
        data[place : place + length] = draw(st.binary(max_size=8) | st.just(b"\xff" * length))
    return bytes(data[: draw(st.just(len(data)) | st.integers(0, len(data)))])


#: What the small files of weights hold.
PLAIN = {"a.weight": torch.ones(2, 3), "b": torch.zeros(4, dtype=torch.int64)}


def picture(format: str = "PNG") -> bytes:
    """A small picture that carries a workflow."""
    info, out = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_text("workflow", '{"nodes": []}')
    info.add_text("prompt", "[" * 5000, zip=True)
    Image.new("RGBA", (9, 7), (200, 100, 50, 128)).save(out, format, pnginfo=info)
    return out.getvalue()


def weights(header: str | None = None) -> bytes:
    """A small file of weights, perhaps with a header that is not its own."""
    whole = save(PLAIN, {"ssmd_cover_images": '["eA=="]', "latent_rgb_factors": "[[1, 2]]"})
    if header is None:
        return whole
    head = header.encode()
    return struct.pack("<Q", len(head)) + head + whole[-56:]


def pickled() -> bytes:
    """The same as programs before safetensors wrote it."""
    out = io.BytesIO()
    torch.save({"state_dict": PLAIN}, out)
    return out.getvalue()


PICTURES = st.sampled_from(
    [picture(f) for f in ("PNG", "WEBP", "GIF", "TIFF", "BMP", "ICO")]
).flatmap(damaged)
WEIGHTS = (
    damaged(weights())
    | JSON.map(weights)
    | JSON.map(lambda text: weights(f'{{"__metadata__": {text}}}'))
    | JSON.map(lambda text: weights(f'{{"a.weight": {text}}}'))
)
