"""Who is asking: the person behind a request, found by a token in a header or cookie.

A server that only this computer reaches needs no accounts: then everybody is the one user, who
may do all. As soon as there are accounts, or a token was given at start, whoever brings none
is nobody.

Invariant: what is known of a token is looked up again after ``MEMORY_SECONDS``, so that a
revoked one holds no longer than that.
"""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from engine.store import accounts
from engine.store.accounts import Role
from engine.store.database import Database

#: Folder and settings of the one user of an installation without accounts.
DEFAULT = "default"
#: The cookie that holds the token of a browser.
COOKIE = "loom_session"
MEMORY_SECONDS, MOST_REMEMBERED = 3.0, 1000


@dataclass(frozen=True)
class Person:
    """Who is asking.

    Attributes:
        id: of the account; names the user's folder.
        name: shown to others.
        role: what they may do.
        is_account: there are several people, who see only their own work.
    """

    id: str = DEFAULT
    name: str = DEFAULT
    role: Role = "admin"
    is_account: bool = False

    @property
    def owner(self) -> str | None:
        """Whose jobs they may see and change: their own; None stands for everybody's."""
        return None if self.role == "admin" else self.id

    def may_see(self, owner: str | None) -> bool:
        """Whether the jobs of an account are theirs to see and to change."""
        return self.owner in (None, owner)

    def session(self, client: str) -> str:
        """The name of one of their clients, which no other person can have."""
        return f"{self.id}/{client}" if self.is_account else client


ONLY_USER = Person()


class People:
    """Knows who is who."""

    def __init__(
        self,
        database: Database,
        token: str | None = None,
        accounts_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            database: holds the accounts.
            token: lets whoever brings it in as the one user.
            accounts_only: demand an account even while there is none.
            clock: for tests.
        """
        self._database = database
        self._token = token
        self._accounts_only = accounts_only
        self._clock = clock
        self._guarded_until, self._guarded = float("-inf"), False
        self._known: OrderedDict[str, tuple[float, Person | None]] = OrderedDict()

    async def is_guarded(self) -> bool:
        """Whether one has to sign in."""
        if self._token is not None or self._accounts_only:
            return True
        now = self._clock()
        if now >= self._guarded_until:
            self._guarded = bool(await self._database.run(accounts.everybody))
            self._guarded_until = now + MEMORY_SECONDS
        return self._guarded

    async def who(self, token: str | None) -> Person | None:
        """The person of a token; None if one has to sign in first."""
        if not await self.is_guarded():
            return ONLY_USER
        if token is None:
            return None
        return ONLY_USER if self.is_key(token) else await self._account(token)

    def is_key(self, token: str) -> bool:
        """Whether this is the token that was given at start."""
        return self._token is not None and hmac.compare_digest(token.encode(), self._token.encode())

    async def _account(self, token: str) -> Person | None:
        now = self._clock()
        until, person = self._known.get(token, (float("-inf"), None))
        if now < until:
            return person
        found = await self._database.run(accounts.owner_of, token)
        person = None if found is None else Person(found.id, found.name, found.role, True)
        self._known[token] = (now + MEMORY_SECONDS, person)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return person

    def forget(self) -> None:
        """Look everything up again: an account or a token has changed."""
        self._known.clear()
        self._guarded_until = float("-inf")


def token_of(request: web.Request) -> str | None:
    """The token that a request brings: in its header, its cookie, or the address it opens.

    In the address it counts only where a header cannot be sent: for the page and the websocket.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    opens = request.method == "GET" and request.path in ("/", "/ws", "/api/ws")
    if opens and (given := request.query.get("token")):
        return given
    return request.cookies.get(COOKIE)


#: Where a request keeps it.
PERSON = "person"


def person_of(request: web.Request) -> Person:
    """Who is asking."""
    found: Person = request[PERSON]
    return found
