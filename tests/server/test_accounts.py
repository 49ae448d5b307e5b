"""Accounts, tokens and roles: nobody comes in without one, and nobody sees another's work."""

import http.client
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from engine.errors import AccountError
from engine.server.access import refusal
from engine.server.attempts import FREE, Attempts
from engine.server.passwords import hashed, matches
from engine.server.people import Person
from engine.server.routes import ROUTES
from engine.store import accounts, jobs, turns
from engine.store.database import connect
from tests.live import LiveServer, make_base

PASSWORDS = {"Ann": "correct horse", "ben": "battery staple", "Eve": "only looking"}
ROLES: dict[str, accounts.Role] = {"Ann": "admin", "ben": "user", "Eve": "viewer"}
SHORT = {"p": {"class_type": "ProbeSteps", "inputs": {"count": 1, "ms": 0}}}
SHORT["s"] = {"class_type": "ProbeShow", "inputs": {"value": ["p", 0], "note": ""}}


class Door:
    """A server with three users."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.tokens = {name: self._sign_in(name) for name in PASSWORDS}

    def _sign_in(self, name: str) -> str:
        body = {"name": name, "password": PASSWORDS[name]}
        return str(self.ask("POST", "/login", body)[1]["token"])

    def ask(self, method: str, path: str, body: Any = None, by: str = "") -> tuple[int, Any]:
        """Status and JSON of an answer; ``by`` signs with that user's token."""
        headers = {"Content-Type": "application/json"}
        if by:
            headers["Authorization"] = f"Bearer {self.tokens[by]}"
        status, text = self.server.request(method, path, body, headers)
        return status, json.loads(text) if text[:1] in (b"{", b"[", b'"') else text.decode()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """It is started on an address that others reach, which accounts make allowed."""
    base = make_base(tmp_path_factory.mktemp("accounts") / "base")
    (base / "user").mkdir()
    db = connect(base / "user" / "loom.db")
    for name, password in PASSWORDS.items():
        accounts.add(db, name, hashed(password), ROLES[name])
    db.close()
    server = LiveServer(base, flags=("--listen", "127.0.0.1,127.0.0.2", "--multi-user"))
    server.launch()
    server.until(lambda: _listens(server), "the server answers")
    try:
        yield Door(server)
    finally:
        server.stop()


def _listens(server: LiveServer) -> bool:
    try:
        return server.request("GET", "/login")[0] == 200
    except OSError:
        return False


def _paths() -> list[tuple[str, str]]:
    return [(r.method, r.path.replace("{", "").replace("}", "")) for r in ROUTES]


@pytest.mark.parametrize(("method", "path"), [p for p in _paths() if p[1] != "/login"])
def test_without_a_token_every_route_is_closed(door: Door, method: str, path: str) -> None:
    for prefix in ("", "/api"):
        status, body = door.ask(method, prefix + path, None if method == "GET" else {})
        assert status == 401 and (method == "HEAD" or "Sign in" in body["error"])
    assert door.ask("GET", "/assets/anything.js")[0] == 401


def test_a_browser_is_led_to_the_page_that_asks(door: Door) -> None:
    door_of = http.client.HTTPConnection("127.0.0.1", door.server.port)
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
    door_of.request("GET", "/?workflow=a%20b&x=1", headers=headers)
    answer = door_of.getresponse()
    assert answer.status == 303
    assert answer.headers["Location"].startswith("login?next=")
    answer.read()
    door_of.request("GET", "/" + answer.headers["Location"])
    page = door_of.getresponse()
    assert b'value="?workflow=a%20b&amp;x=1"' in page.read()
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("next", ["//evil.example/x", "https://evil.example", "\\\\evil.example"])
def test_the_form_lets_in_and_leads_nowhere_else(door: Door, next: str) -> None:
    form = urlencode({"name": "ANN", "password": PASSWORDS["Ann"], "next": next})
    browser = http.client.HTTPConnection("127.0.0.1", door.server.port)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": door.server.url}
    browser.request("POST", "/login", form, headers)
    answer = browser.getresponse()
    assert answer.status == 303 and answer.headers["Location"] == "./"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    answer.read()
    browser.request("GET", "/x/me", headers={"Cookie": cookie.partition(";")[0]})
    assert json.loads(browser.getresponse().read())["user"] == "Ann"
    browser.close()


def test_another_site_cannot_sign_anybody_in(door: Door) -> None:
    headers = {"Origin": "http://evil.example", "Content-Type": "application/json"}
    body = {"name": "Ann", "password": PASSWORDS["Ann"]}
    assert door.server.request("POST", "/login", body, headers)[0] == 403


def test_work_and_settings_are_ones_own(door: Door) -> None:
    body = {"prompt": {**SHORT}, "client_id": "same"}
    door.server.until(lambda: door.ask("GET", "/object_info/ProbeShow", by="ben")[1], "nodes")
    status, answer = door.ask("POST", "/prompt", body, by="ben")
    assert status == 200, answer
    id = answer["prompt_id"]
    door.server.until(lambda: door.ask("GET", f"/history/{id}", by="ben")[1], "the job ends")
    assert id in door.ask("GET", "/history", by="Ann")[1]  # administrators see everything
    assert door.ask("GET", "/history", by="Eve")[1] == {}
    assert door.ask("GET", f"/history/{id}", by="Eve")[1] == {}
    assert door.ask("GET", f"/jobs/{id}", by="Eve")[0] == 404
    assert door.ask("GET", "/jobs", by="Eve")[1]["jobs"] == []
    assert door.ask("GET", f"/x/events?job={id}", by="Eve")[0] == 404
    assert door.ask("GET", "/x/events", by="Eve")[1]["events"] == []
    assert {e["job"] for e in door.ask("GET", "/x/events", by="ben")[1]["events"]} == {id}
    door.ask("POST", "/history", {"clear": True, "delete": [id]}, by="ben")
    assert door.ask("GET", "/history", by="Ann")[1] == {}

    door.ask("POST", "/settings/colour", "red", by="ben")
    assert door.ask("GET", "/settings", by="ben")[1] == {"colour": "red"}
    assert door.ask("GET", "/settings", by="Eve")[1] == {}
    assert door.ask("POST", "/userdata/workflows%2Fa.json", {"mine": 1}, by="ben")[0] == 200
    assert door.ask("GET", "/userdata/workflows%2Fa.json", by="Ann")[0] == 404
    name = "..%2F" + door.ask("GET", "/x/me", by="ben")[1]["id"] + "%2Fworkflows%2Fa.json"
    assert door.ask("GET", f"/userdata/{name}", by="Ann")[0] == 403


async def test_nobody_listens_under_the_name_of_another(door: Door) -> None:
    """Eve chooses the client id of Ann, and hears nothing of Ann's job."""
    async with aiohttp.ClientSession(door.server.url) as session:
        heads = {n: {"Authorization": f"Bearer {t}"} for n, t in door.tokens.items()}
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect("/ws?clientId=same")
        assert caught.value.status == 401
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect("/ws?watch=all", headers=heads["Eve"])
        assert caught.value.status == 403
        eve = await session.ws_connect("/ws?clientId=same", headers=heads["Eve"])
        ann = await session.ws_connect(f"/ws?clientId=same&token={door.tokens['Ann']}")
        assert (await ann.receive_json())["data"]["sid"] == "same"
        body = {"prompt": SHORT, "client_id": "same"}
        await session.post("/prompt", json=body, headers=heads["Ann"])
        heard = [(await ann.receive_json(timeout=30))["type"]]
        while heard[-1] != "execution_success":
            frame = await ann.receive(timeout=30)
            heard += [frame.json()["type"]] if frame.type is aiohttp.WSMsgType.TEXT else []
        await eve.send_json({"type": "feature_flags", "data": {}})
        types = []
        while "feature_flags" not in types:
            types.append((await eve.receive_json(timeout=30))["type"])
        assert set(types) == {"status", "feature_flags"}
        await ann.close()
        await eve.close()


@pytest.mark.parametrize(
    ("by", "method", "path", "status"),
    [
        ("Eve", "POST", "/prompt", 403),
        ("Eve", "POST", "/x/plan", 400),  # may be asked, and this is no prompt
        ("Eve", "POST", "/settings", 200),
        ("Eve", "POST", "/userdata/a.json", 403),
        ("ben", "POST", "/free", 403),
        ("ben", "DELETE", "/x/cache", 403),
        ("ben", "POST", "/x/queue/pause", 403),
        ("ben", "POST", "/api/x/queue/pause", 403),
        ("ben", "GET", "/x/users", 403),
        ("ben", "POST", "/users", 403),
        ("Ann", "POST", "/free", 200),
        ("Ann", "GET", "/x/users", 200),
    ],
)
def test_what_roles_may_do(door: Door, by: str, method: str, path: str, status: int) -> None:
    assert door.ask(method, path, None if method == "GET" else {}, by=by)[0] == status


def test_files_are_everybody_s_so_only_administrators_delete_them(door: Door) -> None:
    (door.server.base / "input" / "shared.txt").write_text("x")
    found = door.ask("GET", "/api/assets?name_contains=shared", by="ben")[1]["assets"]
    path = f"/api/assets/{found[0]['id']}"
    assert door.ask("POST", f"{path}/tags", {"tags": ["seen"]}, by="ben")[0] == 200
    assert door.ask("DELETE", path, by="ben")[0] == 403
    assert door.ask("POST", "/api/assets/prune", {}, by="ben")[0] == 403
    assert door.ask("DELETE", path, by="Ann")[0] == 204


def test_every_route_that_changes_something_refuses_those_who_may_only_look() -> None:
    viewer = Person("v", "v", "viewer", True)
    allowed = {"/x/plan", "/settings", "/settings/id", "/login", "/logout", "/x/tokens"}
    allowed |= {"/x/tokens/id"}
    open_to = {p for m, p in _paths() if m not in ("GET", "HEAD") and not refusal(viewer, m, p)}
    assert open_to == allowed - {"/login"}


def test_tokens_for_programs_are_made_used_and_revoked(door: Door) -> None:
    token = door.ask("POST", "/x/tokens", {"label": "my script"}, by="ben")[1]["token"]
    door.tokens["script"] = token
    assert door.ask("GET", "/x/me", by="script")[1]["user"] == "ben"
    listed = door.ask("GET", "/x/tokens", by="ben")[1]["tokens"]
    (mine,) = [t for t in listed if t["label"] == "my script"]
    assert token not in json.dumps(listed)
    assert door.ask("DELETE", f"/x/tokens/{mine['id']}", by="Eve")[0] == 404
    assert door.ask("DELETE", f"/x/tokens/{mine['id']}", by="ben")[0] == 200
    assert door.ask("GET", "/x/me", by="script")[0] == 401


def test_users_are_added_and_removed(door: Door) -> None:
    body = {"username": "Zoe", "password": "seven letters"}
    status, id = door.ask("POST", "/users", body, by="Ann")
    assert status == 200 and id.startswith("zoe_")
    assert door.ask("POST", "/users", body, by="Ann") == (400, {"error": "Duplicate username."})
    assert id in door.ask("GET", "/users", by="Ann")[1]["users"]
    assert id not in door.ask("GET", "/users", by="ben")[1]["users"]
    PASSWORDS["Zoe"] = body["password"]
    door.tokens["Zoe"] = door._sign_in("Zoe")
    assert door.ask("DELETE", f"/x/users/{id}", by="Ann")[0] == 200
    assert door.ask("GET", "/queue", by="Zoe")[0] == 401
    own = door.ask("GET", "/x/me", by="Ann")[1]["id"]
    assert "last administrator" in door.ask("DELETE", f"/x/users/{own}", by="Ann")[1]["error"]


def test_signing_out_ends_the_session(door: Door) -> None:
    door.tokens["again"] = door._sign_in("Eve")
    assert door.ask("POST", "/logout", {}, by="again")[0] == 200
    assert door.ask("GET", "/queue", by="again")[0] == 401


def test_guesses_wait_longer_and_longer(door: Door) -> None:
    body = {"name": "nobody", "password": "guess"}
    found = [door.ask("POST", "/login", body)[0] for _ in range(FREE + 1)]
    assert found == [403] * FREE + [429]
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    waits = []
    for _ in range(20):
        attempts.failed("a")
        waits.append(attempts.wait("a", "b"))
    assert waits[FREE - 2 : FREE + 2] == [0.0, 2.0, 4.0, 8.0] and max(waits) == 300.0
    now[0] = 300.0
    assert attempts.wait("a") == 0.0
    attempts.succeeded("a")
    attempts.failed("a")
    assert attempts.wait("a") == 0.0


def test_secrets_do_not_lie_in_the_database(door: Door) -> None:
    files = [*(door.server.base / "user").glob("loom.db*")]
    content = b"".join(path.read_bytes() for path in files)
    for secret in (*PASSWORDS.values(), *door.tokens.values()):
        assert secret.encode() not in content
    assert matches("correct horse", hashed("correct horse"))
    assert not matches("correct horse", None)
    with pytest.raises(AccountError, match="8 to 1000"):
        hashed("short")


def test_turns_go_by_people_not_by_their_windows() -> None:
    """Whoever opens many windows gets no more turns than others."""
    db = connect(":memory:")
    rows = [("a1", "ann", "w1"), ("a2", "ann", "w2"), ("a3", "ann", "w3"), ("b1", "ben", "w1")]
    for number, (id, owner, client) in enumerate(rows):
        jobs.add(db, jobs.Job(id, number, {}, (), client=client, owner=owner))
    assert [job.id for job in turns.waiting(db)] == ["a1", "b1", "a2", "a3"]
    assert turns.first(db) == "a1"
    turns.take(db, "a1")
    jobs.cancel_queued(db, "a1")
    assert turns.first(db) == "b1"


def test_a_token_given_at_start_is_enough(tmp_path: Path) -> None:
    """It opens the page by its address, and programs by their header."""
    token = "0123456789abcdef"
    server = LiveServer(make_base(tmp_path / "base"), flags=("--token", token))
    server.launch()
    try:
        server.until(lambda: _listens(server), "the server answers")
        assert server.request("GET", "/queue")[0] == 401
        bearer = {"Authorization": f"Bearer {token}"}
        assert server.request("GET", "/queue", headers=bearer)[0] == 200
        assert server.request("GET", f"/queue?token={token}")[0] == 401
        browser = http.client.HTTPConnection("127.0.0.1", server.port)
        browser.request("GET", f"/?token={token}")
        answer = browser.getresponse()
        assert answer.status == 200
        answer.read()
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert server.request("GET", "/queue", headers={"Cookie": cookie})[0] == 200
        told = json.loads(server.request("GET", "/system_stats", headers=bearer)[1])
        assert token not in json.dumps(told) and token not in server.log()
        assert server.request("POST", "/users", {"username": "x"}, bearer)[0] == 400
    finally:
        server.stop()


def test_an_older_database_gets_accounts(tmp_path: Path) -> None:
    from engine.store.migrations import MIGRATIONS

    path = tmp_path / "old.db"
    old = sqlite3.connect(path)
    for script in MIGRATIONS[:5]:
        old.executescript(script)
    old.execute("PRAGMA user_version = 5")
    old.execute(
        "INSERT INTO jobs (id, number, state, prompt, targets, extra, secrets, created) "
        "VALUES ('a', 1, 'done', '{}', '[]', '{}', '{}', 0)"
    )
    old.commit()
    old.close()
    db = connect(path)
    assert accounts.everybody(db) == [] and [j.id for j in jobs.history(db)] == ["a"]
    assert jobs.history(db, owner="ann") == []
