"""Who may use the server: accounts, and the tokens that stand for them.

Invariant: neither a password nor a token stands in the database; a password is kept as an
argon2 hash, a token as a SHA-256 hash, which is enough for 256 random bits.
"""

import hashlib
import secrets
import sqlite3
import time
from dataclasses import dataclass
from typing import Literal, cast

from engine.errors import AccountError

#: What an account may do: everything, work, or only look.
Role = Literal["admin", "user", "viewer"]
ROLES: tuple[Role, ...] = ("admin", "user", "viewer")
#: Begins every token, so that one that leaked is recognised.
PREFIX = "loom_"


@dataclass(frozen=True)
class Account:
    """One user; ``id`` never changes and names the user's folder."""

    id: str
    name: str
    role: Role
    created: float


@dataclass(frozen=True)
class Token:
    """A token as its owner sees it; times are seconds since the epoch, 0 means never.

    Attributes:
        id: the first letters of the token's hash.
        kind: ``session`` of a browser or ``api``.
        label: what the owner calls it.
    """

    id: str
    kind: str
    label: str
    created: float
    expires: float
    used: float


def add(db: sqlite3.Connection, name: str, password: str | None, role: Role) -> Account:
    """Make an account; ``password`` is an argon2 hash, None lets nobody sign in by password.

    Raises:
        AccountError: the name is taken, or no name.
    """
    shown = name.strip()
    if not shown or len(shown) > 64 or not shown.isprintable():
        raise AccountError(f"'{name[:64]}' is no user name; give 1 to 64 printable characters.")
    letters = "".join(c for c in shown.lower() if c.isascii() and c.isalnum())
    account = Account(f"{letters}_{secrets.token_hex(8)}", shown, role, time.time())
    row = (account.id, shown, password, role, account.created)
    try:
        db.execute("INSERT INTO users (id, name, password, role, created) VALUES (?,?,?,?,?)", row)
    except sqlite3.IntegrityError:
        raise AccountError(f"There is a user '{shown}' already; choose another name.") from None
    return account


def everybody(db: sqlite3.Connection) -> list[Account]:
    """All accounts, the oldest first."""
    return [_account(row) for row in db.execute("SELECT * FROM users ORDER BY created, rowid")]


def find(db: sqlite3.Connection, name: str) -> tuple[Account, str | None] | None:
    """The account of a name, and the hash of its password."""
    row = db.execute("SELECT * FROM users WHERE name = ?", (name.strip(),)).fetchone()
    return None if row is None else (_account(row), row["password"])


def remove(db: sqlite3.Connection, id: str) -> None:
    """Forget an account and its tokens; its files and jobs stay.

    Raises:
        AccountError: it is the last administrator, without whom nobody could add users.
    """
    _keep_an_admin(db, id)
    db.execute("DELETE FROM users WHERE id = ?", (id,))


def change_password(db: sqlite3.Connection, id: str, password: str) -> None:
    """Set the hash of a password; whoever is signed in has to sign in again."""
    db.execute("UPDATE users SET password = ? WHERE id = ?", (password, id))
    db.execute("DELETE FROM tokens WHERE user = ? AND kind = 'session'", (id,))


def change_role(db: sqlite3.Connection, id: str, role: Role) -> None:
    """Let an account do more, or less.

    Raises:
        AccountError: as in :func:`remove`.
    """
    if role != "admin":
        _keep_an_admin(db, id)
    db.execute("UPDATE users SET role = ? WHERE id = ?", (role, id))


def _keep_an_admin(db: sqlite3.Connection, id: str) -> None:
    admins = [row["id"] for row in db.execute("SELECT id FROM users WHERE role = 'admin'")]
    if admins == [id]:
        raise AccountError("This is the last administrator; make another one first.")


def make_token(
    db: sqlite3.Connection, user: str, kind: str, label: str, seconds: float | None = None
) -> str:
    """A new token of a user, told only once; ``seconds`` says how long it holds."""
    token = PREFIX + secrets.token_urlsafe(32)
    now = time.time()
    expires = 0.0 if seconds is None else now + seconds
    row = (_hash(token), user, kind, label[:100], now, expires, 0.0)
    db.execute("INSERT INTO tokens VALUES (?,?,?,?,?,?,?)", row)
    return token


def owner_of(db: sqlite3.Connection, token: str) -> Account | None:
    """The account that a token stands for, while it holds."""
    now = time.time()
    query = (
        "SELECT users.* FROM users JOIN tokens ON tokens.user = users.id "
        "WHERE tokens.hash = ? AND (expires = 0 OR expires > ?)"
    )
    row = db.execute(query, (_hash(token), now)).fetchone()
    if row is None:
        return None
    db.execute("UPDATE tokens SET used = ? WHERE hash = ?", (now, _hash(token)))
    return _account(row)


def tokens_of(db: sqlite3.Connection, user: str) -> list[Token]:
    """The tokens of a user that hold, the newest first; what has run out is forgotten."""
    db.execute("DELETE FROM tokens WHERE expires > 0 AND expires <= ?", (time.time(),))
    rows = db.execute("SELECT * FROM tokens WHERE user = ? ORDER BY created DESC", (user,))
    return [
        Token(r["hash"][:12], r["kind"], r["label"], r["created"], r["expires"], r["used"])
        for r in rows
    ]


def drop_token(db: sqlite3.Connection, user: str, id: str) -> bool:
    """Revoke a token of a user by its id; False if there is none."""
    query = "DELETE FROM tokens WHERE user = ? AND substr(hash, 1, 12) = ?"
    return db.execute(query, (user, id)).rowcount > 0


def sign_out(db: sqlite3.Connection, token: str) -> None:
    """Let a token hold no longer."""
    db.execute("DELETE FROM tokens WHERE hash = ?", (_hash(token),))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _account(row: sqlite3.Row) -> Account:
    return Account(row["id"], row["name"], cast(Role, row["role"]), row["created"])
