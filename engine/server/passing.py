"""Passing requests on to what packs serve in the worker.

Invariant: routes of the server itself come first; a request is passed on after it came through
the same door as any other; what a pack answers is passed back as it comes.
"""

import re
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import CIMultiDict

from engine.workers.door import SECRET

from .access import plain_path

#: Headers that concern one connection only.
_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
_OWN = _HOP | {"host", "cookie", "authorization", "content-length"}


class Passage:
    """Where packs' routes are, as the worker that became ready last has told."""

    def __init__(self) -> None:
        self._port, self._secret = 0, ""
        self._routes: list[tuple[str, re.Pattern[str]]] = []
        self._session: aiohttp.ClientSession | None = None
        self.asks_prompts = False

    def update(self, door: Mapping[str, Any]) -> None:
        """Take over what a worker told."""
        self._port, self._secret = door["port"], door["secret"]
        self._routes = [(method, _compiled(path)) for method, path in door["routes"]]
        self.asks_prompts = door["asks_prompts"]

    def leads(self, method: str, path: str) -> bool:
        """Whether a pack serves this."""
        found = (m for m, pattern in self._routes if pattern.fullmatch(path))
        return any(m in ("*", method) for m in found)

    async def through(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on and its answer back."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=300, sock_connect=5)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _OWN}
        url = f"http://127.0.0.1:{self._port}{plain_path(request)}"
        if request.query_string:
            url = f"{url}?{request.query_string}"
        body = await request.read() if request.can_read_body else None
        headers[SECRET] = self._secret
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                return await _back(request, answer)
        except (aiohttp.ClientConnectionError, TimeoutError):
            text = "The worker that serves this pack is starting again; try once more."
            raise web.HTTPServiceUnavailable(text=text) from None

    async def close(self) -> None:
        """Give the connections up."""
        if self._session is not None:
            await self._session.close()

    def middleware(self) -> Middleware:
        """Passes on what packs serve and the server does not."""

        @web.middleware
        async def passing(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not _is_ours(request) and self.leads(request.method, plain_path(request)):
                return await self.through(request)
            return await handler(request)

        return passing


def _is_ours(request: web.Request) -> bool:
    found = request.match_info
    is_file = isinstance(found.route.resource, web.StaticResource)
    return found.http_exception is None and not is_file


def _compiled(path: str) -> re.Pattern[str]:
    """A path pattern of aiohttp as a regular expression."""
    parts = re.split(r"(\{[^{}]+\})", path)
    return re.compile("".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    _, colon, pattern = part[1:-1].partition(":")
    return f"(?:{pattern})" if colon else "[^{}/]+"


async def _back(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = CIMultiDict((k, v) for k, v in answer.headers.items() if k.lower() not in _HOP)
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response
