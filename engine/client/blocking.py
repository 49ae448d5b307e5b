"""The client for scripts that do not await: the same calls, each waiting for its answer."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .asynchronous import AsyncClient
from .messages import Event, Job, Preview, Result, ServerFile
from .values import Graph


class Client:
    """A session with a server; use it as ``with Client(url) as loom``.

    Arguments as for :class:`AsyncClient`, whose methods say more.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8188", token: str | None = None, **more: Any
    ) -> None:
        self._client = AsyncClient(url, token, **more)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.run(self._client.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._runner.run(self._client.__aexit__(kind, error, at))
        self._runner.close()

    def run(
        self, graph: Graph | str | Path, values: Mapping[str, Any] | None = None, **more: Any
    ) -> Result:
        """Queue a workflow and wait for its result."""
        return self._runner.run(self._client.run(graph, values, **more))

    def submit(
        self, graph: Graph | str | Path, values: Mapping[str, Any] | None = None, **more: Any
    ) -> Job:
        """Queue a workflow."""
        return self._runner.run(self._client.submit(graph, values, **more))

    def follow(
        self, graph: Graph | str | Path, values: Mapping[str, Any] | None = None, **more: Any
    ) -> Iterator[Event | Preview]:
        """Queue a workflow and tell all that happens, until it has ended."""
        told = self._client.follow(graph, values, **more)
        while True:
            try:
                yield self._runner.run(anext(told))
            except StopAsyncIteration:
                return

    def result(self, id: str) -> Result:
        """What an ended job left."""
        return self._runner.run(self._client.result(id))

    def fetch(self, file: ServerFile) -> bytes:
        """The bytes of a file that a run left."""
        return self._runner.run(self._client.fetch(file))

    def save(self, file: ServerFile, path: str | Path) -> Path:
        """Fetch a file and put it at ``path``."""
        target = Path(path)
        target.write_bytes(self.fetch(file))
        return target

    def upload(self, picture: bytes | str | Path, name: str | None = None) -> str:
        """Put a picture into the input folder; returns the name that ``LoadImage`` takes."""
        return self._runner.run(self._client.upload(picture, name))

    def cancel(self, id: str) -> None:
        """Stop a job that runs, or take it out of the queue."""
        self._runner.run(self._client.cancel(id))

    def queue(self) -> dict[str, list[str]]:
        """Ids of the jobs that ``running`` and ``pending``."""
        return self._runner.run(self._client.queue())

    def nodes(self) -> dict[str, Any]:
        """Every node that the server has."""
        return self._runner.run(self._client.nodes())

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """Any route, with JSON both ways."""
        return self._runner.run(self._client.json(method, path, body))
