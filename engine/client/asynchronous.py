"""The client with ``await``: jobs, their events, files."""

import json
import struct
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from .messages import ClientError, Event, Job, Preview, Result, ServerFile, files_of
from .values import Graph, change, read_graph

#: Binary frames of the websocket: a picture, and a picture with JSON before it.
_PICTURE, _PICTURE_WITH_META = 1, 4
_ENDS = ("execution_success", "execution_error", "execution_interrupted")


class AsyncClient:
    """A session with a server; use it as ``async with AsyncClient(url) as loom``.

    Args:
        url: of the server, with its sub-path if it has one.
        token: an API token, for a server that asks.
        client_id: under which jobs are queued; a fresh one by default.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8188",
        token: str | None = None,
        client_id: str | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.client_id = client_id or uuid.uuid4().hex
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    # Jobs

    async def submit(
        self,
        graph: Graph | str | Path,
        values: Mapping[str, Any] | None = None,
        *,
        outputs: Sequence[str] = (),
        front: bool = False,
        previews: bool = False,
    ) -> Job:
        """Queue a workflow.

        Args:
            graph: a prompt in API format, a workflow as the canvas saves it, or a file of either.
            values: inputs to set first, by ``<node>.<input>`` (id, title or type of the node).
            outputs: ids of the only output nodes to run; all of them if empty.
            front: before everything that waits.
            previews: send pictures of the work in progress.

        Raises:
            ClientError: the server refused; ``node_errors`` says what is wrong with which node.
            KeyError: ``values`` names no node, or several.
        """
        prompt = read_graph(graph)
        if values:
            prompt = await self._as_prompt(prompt)
            change(prompt, values)
        body: dict[str, Any] = {"prompt": prompt, "client_id": self.client_id, "front": front}
        if outputs:
            body["partial_execution_targets"] = list(outputs)
        if previews:
            body["extra_data"] = {"preview_method": "auto"}
        said = await self.json("POST", "/prompt", body)
        return Job(said["prompt_id"], said["number"], said.get("node_errors") or {})

    async def _as_prompt(self, graph: dict[str, Any]) -> dict[str, Any]:
        if "nodes" not in graph:
            return graph
        said = await self.json("POST", "/x/convert", {"workflow": graph})
        return dict(said["prompt"])

    async def run(
        self, graph: Graph | str | Path, values: Mapping[str, Any] | None = None, **more: Any
    ) -> Result:
        """Queue a workflow and wait for its result; arguments as for :meth:`submit`.

        Raises:
            ClientError: it was refused, failed, or was stopped.
        """
        async with self._listening() as socket:
            job = await self.submit(graph, values, **more)
            async for said in _told(socket):
                if isinstance(said, Event) and _ends(said, job.id):
                    break
        return await self.result(job.id)

    async def follow(
        self, graph: Graph | str | Path, values: Mapping[str, Any] | None = None, **more: Any
    ) -> AsyncIterator[Event | Preview]:
        """Queue a workflow and tell all that happens, until it has ended."""
        async with self._listening() as socket:
            job = await self.submit(graph, values, **more)
            async for said in _told(socket):
                if isinstance(said, Preview):
                    yield said
                elif said.data.get("prompt_id", job.id) == job.id:
                    yield said
                    if _ends(said, job.id):
                        return

    async def result(self, id: str) -> Result:
        """What an ended job left.

        Raises:
            ClientError: it failed, was stopped, or is not known to have ended.
        """
        entry = (await self.json("GET", f"/history/{id}")).get(id)
        if entry is None:
            raise ClientError(f"Job {id} has not ended, or was removed from the history.")
        status = entry.get("status") or {}
        if status.get("status_str") != "success":
            raise ClientError(_why(id, status))
        outputs = entry.get("outputs") or {}
        return Result(id, outputs, files_of(outputs))

    async def cancel(self, id: str) -> None:
        """Stop a job that runs, or take it out of the queue."""
        await self.json("POST", "/queue", {"delete": [id]})
        await self.json("POST", "/interrupt", {"prompt_id": id})

    async def queue(self) -> dict[str, list[str]]:
        """Ids of the jobs that ``running`` and ``pending``."""
        said = await self.json("GET", "/queue")
        return {
            name: [str(entry[1]) for entry in said[f"queue_{name}"]]
            for name in ("running", "pending")
        }

    # Files and facts

    async def fetch(self, file: ServerFile) -> bytes:
        """The bytes of a file that a run left."""
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        async with self._open.get(f"{self.url}/view", params=query) as answer:
            await _check(answer)
            return await answer.read()

    async def upload(self, picture: bytes | str | Path, name: str | None = None) -> str:
        """Put a picture into the input folder; returns the name that ``LoadImage`` takes."""
        data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
        called = name or ("picture.png" if isinstance(picture, bytes) else Path(picture).name)
        form = aiohttp.FormData()
        form.add_field("image", data, filename=called)
        async with self._open.post(f"{self.url}/upload/image", data=form) as answer:
            await _check(answer)
            said = await answer.json()
        return f"{said['subfolder']}/{said['name']}" if said.get("subfolder") else str(said["name"])

    async def nodes(self) -> dict[str, Any]:
        """Every node that the server has, as ``/object_info`` tells."""
        return dict(await self.json("GET", "/object_info"))

    async def json(self, method: str, path: str, body: Any = None) -> Any:
        """Any route, with JSON both ways.

        Raises:
            ClientError: the answer is no success.
        """
        async with self._open.request(method, self.url + path, json=body) as answer:
            await _check(answer)
            text = await answer.text()
        return json.loads(text) if text else None

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("Use the client as a context: async with AsyncClient(url) as loom.")
        return self._session

    def _listening(self) -> "aiohttp.client._WSRequestContextManager":
        address = f"{self.url}/ws?clientId={self.client_id}"
        return self._open.ws_connect(address, max_msg_size=0, heartbeat=30)


async def _told(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[Event | Preview]:
    await socket.send_json({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
    async for frame in socket:
        if frame.type is aiohttp.WSMsgType.TEXT:
            said = json.loads(frame.data)
            yield Event(said["type"], said.get("data") or {})
        elif frame.type is aiohttp.WSMsgType.BINARY and (picture := _picture(frame.data)):
            yield picture


def _picture(frame: bytes) -> Preview | None:
    (kind, second) = struct.unpack(">II", frame[:8])
    if kind == _PICTURE:
        return Preview(None, "image/jpeg" if second == 1 else "image/png", frame[8:])
    if kind != _PICTURE_WITH_META:
        return None
    about = json.loads(frame[8 : 8 + second])
    return Preview(about.get("node_id"), about["image_type"], frame[8 + second :])


def _ends(event: Event, job: str) -> bool:
    # A blocked output is told like a failure, but its job goes on.
    blocked = event.data.get("exception_type") == "ExecutionBlocked"
    return event.type in _ENDS and event.data.get("prompt_id") == job and not blocked


def _why(job: str, status: Mapping[str, Any]) -> str:
    for kind, data in status.get("messages") or ():
        if kind == "execution_error":
            where = f"node {data.get('node_id')} ({data.get('node_type')})"
            return f"Job {job} failed at {where}: {str(data.get('exception_message')).strip()}"
    return f"Job {job} was stopped."


async def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status < 400:
        return
    text = await answer.text()
    try:
        said = json.loads(text)
    except ValueError:
        said = {}
    error = said.get("error") if isinstance(said, dict) else None
    words = error.get("details") or error.get("message") if isinstance(error, dict) else error
    errors = said.get("node_errors") if isinstance(said, dict) else None
    about = f"{answer.method} {answer.url.path}: {answer.status}"
    raise ClientError(f"{about}: {words or text.strip()[:300]}", answer.status, errors)
