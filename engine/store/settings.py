"""User settings: JSON values by name, each changed atomically."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any


def all_settings(db: sqlite3.Connection, user: str) -> dict[str, Any]:
    """Every setting of a user."""
    rows = db.execute("SELECT name, value FROM settings WHERE user = ? ORDER BY name", (user,))
    return {row["name"]: json.loads(row["value"]) for row in rows}


def update(db: sqlite3.Connection, user: str, values: Mapping[str, Any]) -> None:
    """Set some settings and keep the others."""
    db.executemany(
        "INSERT INTO settings (user, name, value) VALUES (?, ?, ?) "
        "ON CONFLICT (user, name) DO UPDATE SET value = excluded.value",
        [(user, name, json.dumps(value)) for name, value in values.items()],
    )
