"""Upscaler files: which network they hold and under which names.

Invariant: both spellings of ESRGAN's tensors, the first one and Real-ESRGAN's, end in the
network's own.
"""

import math
import re
from collections.abc import Iterable
from functools import partial

from ..handles import UpscaleModel
from ..networks.upscalers import CompactConfig, RRDBConfig, RRDBNet, SRVGGNetCompact
from ..weights import Header, Shapes, Weights, strip_prefix


def describe_upscaler(header: Header) -> UpscaleModel | None:
    """The upscaler of a file, if it is a known one."""
    compact = compact_config(header.shapes)
    if compact is not None:
        names = partial(strip_prefix, "", "")
        build = partial(SRVGGNetCompact, compact)
        weights = Weights(f"{header.id}:upscaler", header.path, "upscale", build, names)
        return UpscaleModel(weights, compact.scale)
    found = rrdb_names(header.shapes)
    shapes = {found[k]: s for k, s in header.shapes.items() if k in found}
    if "conv_first.weight" not in shapes or "body.0.rdb1.conv1.weight" not in shapes:
        return None
    rrdb = rrdb_config(shapes)
    weights = Weights(
        f"{header.id}:upscaler", header.path, "upscale", partial(RRDBNet, rrdb), rrdb_names
    )
    return UpscaleModel(weights, rrdb.scale)


def compact_config(shapes: Shapes) -> CompactConfig | None:
    """Sizes of an SRVGGNetCompact with PReLU, if it is one."""
    if len(shapes.get("body.0.weight", ())) != 4 or len(shapes.get("body.1.weight", ())) != 1:
        return None
    last = max(int(k.split(".")[1]) for k in shapes if k.startswith("body."))
    scale = math.isqrt(shapes[f"body.{last}.weight"][0] // 3)
    return CompactConfig(shapes["body.0.weight"][0], last // 2 - 1, scale)


def rrdb_config(shapes: Shapes) -> RRDBConfig:
    """Sizes of an RRDBNet, from the network's own names."""
    features, channels = shapes["conv_first.weight"][:2]
    return RRDBConfig(
        features=features,
        blocks=1 + max(int(k.split(".")[1]) for k in shapes if k.startswith("body.")),
        growth=shapes["body.0.rdb1.conv1.weight"][0],
        doublings=sum(1 for k in shapes if re.match(r"conv_up\d\.weight", k)),
        unshuffle=math.isqrt(channels // 3),
    )


def rrdb_names(keys: Iterable[str]) -> dict[str, str]:
    """A file's names to the network's; ESRGAN's first release numbered its layers."""
    keys = list(keys)
    if "model.0.weight" not in keys:
        return {k: k for k in keys}
    numbers = {int(m.group(1)) for k in keys if (m := re.match(r"model\.(\d+)\.weight", k))}
    first, *doublings, hr, last = sorted(numbers)
    tops = {first: "conv_first", hr: "conv_hr", last: "conv_last"}
    tops |= {n: f"conv_up{i}" for i, n in enumerate(doublings, start=1)}
    return {key: _own_name(key, tops) for key in keys}


def _own_name(key: str, tops: dict[int, str]) -> str:
    block = re.sub(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.", r"body.\1.rdb\2.conv\3.", key)
    body = re.sub(r"model\.1\.sub\.\d+\.(weight|bias)$", r"conv_body.\1", block)
    return re.sub(
        r"model\.(\d+)\.(weight|bias)$", lambda m: f"{tops[int(m.group(1))]}.{m.group(2)}", body
    )
