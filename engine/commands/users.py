"""``main.py users``: who may use the server, and the tokens of their programs."""

import argparse
import getpass
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from engine.errors import AccountError
from engine.server.passwords import hashed
from engine.store import accounts
from engine.store.accounts import ROLES, Account, Role
from engine.store.database import connect

from .arguments import add_folders, folders_of

ACTIONS = {
    "ls": "list all users",
    "add": "make a user; the first one becomes an administrator",
    "password": "set a user's password, which ends their sessions",
    "role": "change what a user may do, to --role",
    "remove": "forget a user; files and jobs stay",
    "token": "make a token for a user's programs; it is printed once",
    "tokens": "list a user's tokens and sessions",
    "revoke": "revoke the token --id of a user",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``users``."""
    about = "; ".join(f"{name}: {text}" for name, text in ACTIONS.items())
    parser.add_argument("action", choices=ACTIONS, help=about)
    parser.add_argument("name", nargs="?", help="name of the user")
    parser.add_argument("--role", choices=ROLES, help="with add and role (default: user)")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    parser.add_argument("--label", default="", help="with token: what it is for")
    parser.add_argument("--days", type=float, help="with token: how long it holds (default: ever)")
    parser.add_argument("--id", default="", help="with revoke: id of the token")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Do it; 1 if it cannot be done, 2 if something is missing."""
    if args.action != "ls" and not args.name:
        print(f"Name the user: main.py users {args.action} NAME", file=sys.stderr)
        return 2
    folder = folders_of(args).user
    folder.mkdir(parents=True, exist_ok=True)
    with closing(connect(folder / "loom.db")) as db:
        db.execute("PRAGMA busy_timeout = 5000")  # a server may be writing
        try:
            return _DO[args.action](db, args)
        except AccountError as error:
            print(error, file=sys.stderr)
            return 1


def _ls(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    for user in accounts.everybody(db):
        print(f"{user.name}\t{user.role}\t{_day(user.created)}\t{user.id}")
    return 0


def _add(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    role: Role = args.role or ("user" if accounts.everybody(db) else "admin")
    made = accounts.add(db, args.name, hashed(_password(args)), role)
    print(f"{made.name} is a {role}. From now on everybody has to sign in.")
    return 0


def _change_password(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    accounts.change_password(db, _user(db, args).id, hashed(_password(args)))
    return 0


def _change_role(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    if args.role is None:
        print(f"Give the new role as --role {'|'.join(ROLES)}.", file=sys.stderr)
        return 2
    accounts.change_role(db, _user(db, args).id, args.role)
    return 0


def _remove(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    accounts.remove(db, _user(db, args).id)
    return 0


def _token(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    seconds = None if args.days is None else args.days * 86400
    print(accounts.make_token(db, _user(db, args).id, "api", args.label, seconds))
    return 0


def _tokens(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    for token in accounts.tokens_of(db, _user(db, args).id):
        used = f"used {_day(token.used)}" if token.used else "never used"
        print(f"{token.id}\t{token.kind}\t{_day(token.created)}\t{used}\t{token.label}")
    return 0


def _revoke(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    if accounts.drop_token(db, _user(db, args).id, args.id):
        return 0
    raise AccountError(f"There is no token '{args.id}'; `users tokens {args.name}` lists them.")


_DO: dict[str, Callable[[sqlite3.Connection, argparse.Namespace], int]] = {
    "ls": _ls,
    "add": _add,
    "password": _change_password,
    "role": _change_role,
    "remove": _remove,
    "token": _token,
    "tokens": _tokens,
    "revoke": _revoke,
}


def _user(db: sqlite3.Connection, args: argparse.Namespace) -> Account:
    found = accounts.find(db, args.name)
    if found is None:
        raise AccountError(f"There is no user '{args.name}'; `users ls` lists them.")
    return found[0]


def _password(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise AccountError("The two passwords differ; nothing was changed.")
    return first


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
