"""Passwords: hashed by argon2id, which makes guessing expensive.

Invariant: checking a name that does not exist takes as long as checking one that does.
"""

from functools import cache
from typing import TYPE_CHECKING

from engine.errors import AccountError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 1000


def hashed(password: str) -> str:
    """The hash of a password, with its salt and cost inside.

    Raises:
        AccountError: it is too short to be one, or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        text = f"The password has {len(password)} characters; give {SHORTEST} to {LONGEST}."
        raise AccountError(text)
    return _hasher().hash(password)


def matches(password: str, hash: str | None) -> bool:
    """Whether this is the password; never for an account that has none."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        _hasher().verify(hash or _nobodys(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return hash is not None


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # imported late: most servers have no accounts

    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of nobody")
