"""Progress of one node: from the node's thread to events on the loop's thread.

Invariant: steps are reported at most ``STEP_RATE`` times a second and pictures at most
``PREVIEW_RATE`` times, except the last step, so that watching never slows the work; pictures
that are results all arrive.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from engine.plugins.node import MakePreview

from .events import Emit, Event

#: Turns a preview picture (uint8 RGB, ``h w 3``) into bytes and their MIME type.
EncodePreview = Callable[[Any], tuple[bytes, str]]

STEP_RATE = 30.0
PREVIEW_RATE = 8.0


class Reporter:
    """Receives what :meth:`engine.plugins.node.Context.progress` passes on."""

    def __init__(
        self,
        about: Mapping[str, Any],
        emit: Emit,
        loop: asyncio.AbstractEventLoop,
        encode: EncodePreview | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._about = about
        self._emit = emit
        self._loop = loop
        self._encode = encode
        self._clock = clock
        self._step_due = 0.0
        self._preview_due = 0.0

    def __call__(self, value: float, total: float, preview: MakePreview | None) -> None:
        now = self._clock()
        if now >= self._step_due or value >= total:
            self._step_due = now + 1 / STEP_RATE
            self._send(Event("progress", {**self._about, "value": value, "total": total}))
        if preview is not None and self._encode is not None and now >= self._preview_due:
            self._preview_due = now + 1 / PREVIEW_RATE
            self._show(preview, self._encode)

    def _show(self, preview: MakePreview, encode: EncodePreview) -> None:
        blob, mime = encode(preview())
        self._send(Event("preview", {**self._about, "mime": mime}, blob))

    def result(self, picture: bytes, mime: str) -> None:
        """Send a picture that is a result."""
        self._send(Event("preview", {**self._about, "mime": mime, "kept": True}, picture))

    def _send(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._emit, event)
