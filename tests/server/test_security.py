"""Only our own page, and programs that are no pages, may use the server."""

import itertools

import aiohttp
import pytest

from tests.live import LiveServer

HOSTS = {"own": None, "rebound": "attacker.example", "rebound with port": "evil.example:80"}
ORIGINS = {"none": None, "own": "own", "null": "null", "other": "http://attacker.example"}
SITES = {"none": None, "same": "same-origin", "cross": "cross-site"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("host", "origin", "site"), list(itertools.product(HOSTS, ORIGINS, SITES)))
def test_the_matrix(server: LiveServer, method: str, host: str, origin: str, site: str) -> None:
    headers = {"Content-Type": "application/json"}
    if HOSTS[host]:
        headers["Host"] = HOSTS[host]  # type: ignore[assignment]
    if ORIGINS[origin]:
        headers["Origin"] = server.url if origin == "own" else str(ORIGINS[origin])
    if SITES[site]:
        headers["Sec-Fetch-Site"] = str(SITES[site])
    page_is_ours = origin == "own" or (origin == "none" and site != "cross")
    allowed = host == "own" and page_is_ours
    status, _ = server.request(method, "/queue", None if method == "GET" else b"{}", headers)
    assert (status == 200) is allowed, status
    assert status in (200, 403)


def test_a_link_from_elsewhere_may_open_the_page(server: LiveServer) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert server.request("GET", "/", headers=headers)[0] == 200


@pytest.mark.parametrize("origin", ["null", "http://attacker.example"])
async def test_other_pages_get_no_websocket(server: LiveServer, origin: str) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"{server.url}/ws", headers={"Origin": origin})
        assert caught.value.status == 403
        socket = await session.ws_connect(f"{server.url}/ws", headers={"Origin": server.url})
        await socket.close()


@pytest.mark.parametrize(("host", "origin", "site"), list(itertools.product(HOSTS, ORIGINS, SITES)))
async def test_the_matrix_holds_for_the_websocket(
    server: LiveServer, host: str, origin: str, site: str
) -> None:
    own = {"own": server.url}
    given = {"Host": HOSTS[host], "Origin": own.get(origin, ORIGINS[origin])}
    headers = {k: v for k, v in {**given, "Sec-Fetch-Site": SITES[site]}.items() if v}
    allowed = host == "own" and (origin == "own" or (origin == "none" and site != "cross"))
    async with aiohttp.ClientSession() as session:
        try:
            socket = await session.ws_connect(f"{server.url}/ws", headers=headers)
            status = 101
            await socket.close()
        except aiohttp.WSServerHandshakeError as refusal:
            status = refusal.status
    assert status == (101 if allowed else 403)


def test_too_large_a_body_is_refused(server: LiveServer) -> None:
    big = b'{"a": "' + b"x" * (101 << 20) + b'"}'
    try:
        status, _ = server.request("POST", "/settings", big)
    except OSError:
        return  # the server may close the connection while we still send
    assert status == 413
