"""``/login``, ``/users`` and tokens: who may come in, and as whom."""

import asyncio
from functools import partial
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from engine.errors import AccountError
from engine.store import accounts
from engine.store.accounts import ROLES, Role

from ..access import keep
from ..loginpage import page
from ..passwords import hashed, matches
from ..people import COOKIE, Person, person_of, token_of
from ..request import bad, json_object
from ..state import ServerState, state_of

#: How long a browser stays signed in.
SESSION_SECONDS = 30 * 24 * 3600
_WRONG = "That is not the name and password of a user here."


async def ask(request: web.Request) -> web.Response:
    """The page that asks for name and password."""
    return page(_inside(request.query.get("next", "")))


async def sign_in(request: web.Request) -> web.Response:
    """Let somebody in by ``name`` and ``password``, sent as JSON or by the form of the page.

    The token given at start is good as a password of any name. Answers with a cookie, and for
    JSON with ``{"token": ...}``. Wrong guesses have to wait longer and longer (429).
    """
    state = state_of(request)
    is_form = request.content_type == "application/x-www-form-urlencoded"
    given = await _form(request) if is_form else await json_object(request)
    name, password = str(given.get("name", ""))[:100], str(given.get("password", ""))
    who = (f"name {name.lower()}", f"address {request.remote}")
    if seconds := state.attempts.wait(*who):
        return _refused(given, is_form, f"Too many guesses; wait {seconds:.0f} s.", 429)
    token = await _let_in(request, name, password)
    if token is None:
        state.attempts.failed(*who)
        return _refused(given, is_form, _WRONG, 403)
    state.attempts.succeeded(*who)
    if is_form:
        where = _inside(str(given.get("next", "")))
        answer = web.Response(status=303, headers={"Location": where or "./"})
    else:
        answer = web.json_response({"token": token})
    keep(request, answer, token, SESSION_SECONDS)
    return answer


async def _let_in(request: web.Request, name: str, password: str) -> str | None:
    """A token for whoever knows the password of an account, or the token given at start."""
    state = state_of(request)
    if state.people.is_key(password):
        return password
    account = await _account(state, name, password)
    if account is None:
        return None
    label = request.headers.get("User-Agent", "")
    make = partial(accounts.make_token, kind="session", label=label, seconds=SESSION_SECONDS)
    return await state.database.run(make, account.id)


async def _account(state: ServerState, name: str, password: str) -> accounts.Account | None:
    found = await state.database.run(accounts.find, name)
    account, hash = found or (None, None)
    async with state.hashing:  # each check takes 64 MB
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(None, matches, password, hash)
    return account if right else None


async def _form(request: web.Request) -> dict[str, Any]:
    body = (await request.content.read(10_000)).decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(body).items()}


def _refused(given: dict[str, Any], is_form: bool, text: str, status: int) -> web.Response:
    if is_form:
        return page(_inside(str(given.get("next", ""))), text, status)
    return web.json_response({"error": text}, status=status)


def _inside(where: str) -> str:
    """An address on this server, relative to its root; nothing for any other."""
    parts = urlsplit(where)
    is_ours = not parts.scheme and not parts.netloc and "\\" not in where
    return where.lstrip("/") if is_ours and where.isprintable() else ""


async def sign_out(request: web.Request) -> web.Response:
    """End the session of this browser."""
    state = state_of(request)
    if token := token_of(request):
        await state.database.run(accounts.sign_out, token)
        state.people.forget()
    answer = web.json_response({})
    answer.del_cookie(COOKIE)
    return answer


async def me(request: web.Request) -> web.Response:
    """Who is asking, and what they may do."""
    person = person_of(request)
    facts = {"user": person.name, "id": person.id, "role": person.role}
    return web.json_response({**facts, "signed_in": await state_of(request).people.is_guarded()})


async def users(request: web.Request) -> web.Response:
    """Where settings are kept, and the users that the person may know of."""
    person = person_of(request)
    if not person.is_account:
        return web.json_response({"storage": "server", "migrated": True})
    found = await state_of(request).database.run(accounts.everybody)
    known = {user.id: user.name for user in found if person.may_see(user.id)}
    return web.json_response({"storage": "server", "users": known})


async def add_user(request: web.Request) -> web.Response:
    """Make an account: ``username``, and if wanted ``password`` and ``role``; answers its id."""
    state, body = state_of(request), await json_object(request)
    if not person_of(request).is_account:
        text = "There are no accounts here. Make the first one with `main.py users add NAME`."
        raise bad(text)
    name, password = str(body.get("username", "")), body.get("password")
    hash = None if password is None else await _hash(state, str(password))
    try:
        made = await state.database.run(accounts.add, name, hash, _role(body))
    except AccountError as error:
        text = "Duplicate username." if "already" in str(error) else str(error)
        raise bad(text) from error
    state.people.forget()
    return web.json_response(made.id)


async def _hash(state: ServerState, password: str) -> str:
    async with state.hashing:
        return await asyncio.get_running_loop().run_in_executor(None, hashed, password)


def _role(body: dict[str, Any]) -> Role:
    role = body.get("role", "user")
    if role not in ROLES:
        raise bad(f"'role' is {role!r}; give one of {', '.join(ROLES)}.")
    return cast(Role, role)


async def list_users(request: web.Request) -> web.Response:
    """All accounts with their roles."""
    found = await state_of(request).database.run(accounts.everybody)
    return web.json_response({"users": [vars(user) for user in found]})


async def remove_user(request: web.Request) -> web.Response:
    """Forget an account; its files and jobs stay."""
    state = state_of(request)
    await state.database.run(accounts.remove, request.match_info["id"])
    state.people.forget()
    return web.json_response({})


async def list_tokens(request: web.Request) -> web.Response:
    """The tokens and sessions of whoever asks, never the tokens themselves."""
    found = await state_of(request).database.run(accounts.tokens_of, _account_id(request))
    return web.json_response({"tokens": [vars(token) for token in found]})


async def add_token(request: web.Request) -> web.Response:
    """Make a token for a program, named by ``label``; it is told this once."""
    body = await json_object(request, empty_ok=True)
    make = partial(accounts.make_token, kind="api", label=str(body.get("label", "")))
    token = await state_of(request).database.run(make, _account_id(request))
    return web.json_response({"token": token})


async def drop_token(request: web.Request) -> web.Response:
    """Revoke a token or end a session, by its id."""
    state, id = state_of(request), request.match_info["id"]
    if not await state.database.run(accounts.drop_token, _account_id(request), id):
        raise bad(f"There is no token '{id}'.", web.HTTPNotFound)
    state.people.forget()
    return web.json_response({})


def _account_id(request: web.Request) -> str:
    person: Person = person_of(request)
    if not person.is_account:
        raise bad("Only accounts have tokens; make one with `main.py users add NAME`.")
    return person.id


ROUTES = [
    web.get("/login", ask),
    web.post("/login", sign_in),
    web.post("/logout", sign_out),
    web.get("/users", users),
    web.post("/users", add_user),
    web.get("/x/me", me),
    web.get("/x/users", list_users),
    web.delete("/x/users/{id}", remove_user),
    web.get("/x/tokens", list_tokens),
    web.post("/x/tokens", add_token),
    web.delete("/x/tokens/{id}", drop_token),
]
