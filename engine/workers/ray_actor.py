"""A worker inside a Ray actor: the same code, with calls of the actor in place of pipes.

Invariant: an actor to which nobody listens any more ends itself, so that no job runs twice
because its server has gone.
"""

import os
import queue
import threading
import time

from .protocol import Message, encode, read_blocking

#: How long an actor goes on though nobody asks what it has to say.
ALONE_SECONDS = 15
#: How long one such question may wait for an answer.
LISTEN_SECONDS = 5.0
#: Frames in one answer, at most.
MOST_FRAMES = 1000


class Remote:
    """The class of the actor; its methods run in two threads, one for each."""

    def __init__(self, configure: bytes) -> None:
        """Start to load everything; ``configure`` is the frame of the first message."""
        self._outbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._alone = 0  # seconds, counted while anything here can run, not by the clock
        reading, writing = os.pipe()
        self._incoming = os.fdopen(writing, "wb", buffering=0)
        self._incoming.write(configure)
        threading.Thread(target=self._serve, args=(reading,), daemon=True).start()
        threading.Thread(target=self._end_alone, daemon=True).start()

    def _serve(self, reading: int) -> None:
        from .main import serve

        incoming = os.fdopen(reading, "rb")
        first = read_blocking(incoming)
        assert first is not None, "the pipe holds the first message"
        try:
            serve(first, incoming, self._say)
        finally:
            os._exit(1)  # a worker that cannot go on is lost, not silent

    def _say(self, message: Message) -> None:
        self._outbox.put(encode(message))

    def _end_alone(self) -> None:
        while self._alone < ALONE_SECONDS:
            time.sleep(1)
            self._alone += 1
        os._exit(0)

    def tell(self, frame: bytes) -> None:
        """Take a message in."""
        self._incoming.write(frame)

    def hear(self) -> list[bytes]:
        """What the worker has said since the last time; waits a while for something."""
        self._alone = 0
        frames: list[bytes] = []
        try:
            frames.append(self._outbox.get(timeout=LISTEN_SECONDS))
            while len(frames) < MOST_FRAMES:
                frames.append(self._outbox.get_nowait())
        except queue.Empty:
            pass
        self._alone = 0
        return frames
