"""The SQLite file: one connection, one thread, numbered migrations.

Invariant: transactions run one after the other on a thread of their own, so the server's
event loop never waits for the disk and no two writers ever meet.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from .migrations import MIGRATIONS

P = ParamSpec("P")
T = TypeVar("T")

#: Pages that SQLite keeps to itself; the operating system keeps the others.
PAGE_CACHE_KIB = 512


def connect(path: Path | str) -> sqlite3.Connection:
    """Open the file, durable against kill -9 and power loss, at the newest migration.

    Args:
        path: the file, or ``:memory:``.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        f"PRAGMA cache_size = -{PAGE_CACHE_KIB};"
    )
    migrate(connection)
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that the file has not seen."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")


class Database:
    """Runs transactions for asynchronous callers."""

    def __init__(self, path: Path | str) -> None:
        self._thread = ThreadPoolExecutor(1, "database")
        self._connection = connect(path)

    async def run(
        self,
        transaction: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``transaction(connection, *args, **kwargs)`` atomically."""
        loop = asyncio.get_running_loop()
        call = lambda: self._atomic(transaction, *args, **kwargs)  # noqa: E731
        return await loop.run_in_executor(self._thread, call)

    def _atomic(
        self,
        transaction: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            result = transaction(self._connection, *args, **kwargs)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result

    def close(self) -> None:
        """Finish what is running and close the file."""
        self._thread.shutdown(wait=True)
        self._connection.close()
