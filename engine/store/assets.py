"""Assets: what is known of the files in the input, output and model folders.

Each file has one row; a row more for the same content is a reference under another name.

Invariant: a row's hash is that of its content as long as size and time of change of the file are
those of the row; when they change, it is forgotten until it is asked for again. A file that
vanishes is tagged ``missing`` and keeps what people wrote about it.
"""

import base64
import json
import sqlite3
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.fast_json import dumps, loads

MISSING = "missing"
#: Columns by which a list may be sorted.
SORTS = ("name", "created_at", "updated_at", "size", "last_access_time")


@dataclass(frozen=True)
class Asset:
    """One asset.

    Attributes:
        id: a UUID.
        name: as people call it; at first the file's name.
        root: ``input``, ``output`` or ``models``.
        kind: the model folder; empty for others.
        path: of the file.
        loader_path: the name under which nodes choose it.
        is_file: this is the file's own row, not one more reference.
        hash: ``blake3:...`` of the content, if it is known.
        size: in bytes.
        mtime_ns: when the content changed.
        mime_type: guessed from the name.
        tags: the root, ``model_type:FOLDER`` for models, ``missing``, and those of people.
        user_metadata: whatever people wrote.
        preview_id: the asset that shows it.
        job_id: the job that made it, if that is known.
        created_at: seconds since the epoch; so are ``updated_at`` and ``last_access_time``.
    """

    id: str
    name: str
    root: str
    kind: str
    path: str
    loader_path: str
    is_file: bool
    hash: str | None
    size: int
    mtime_ns: int
    mime_type: str
    tags: tuple[str, ...]
    user_metadata: Mapping[str, Any] = field(default_factory=dict)
    preview_id: str | None = None
    job_id: str | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
    last_access_time: float = 0.0


@dataclass(frozen=True)
class Found:
    """A file as a look at the folders found it."""

    path: str
    root: str
    kind: str
    loader_path: str
    size: int
    mtime_ns: int
    mime_type: str


@dataclass(frozen=True)
class Wanted:
    """Which assets a list has.

    Attributes:
        tags_all: each of them; so do ``tags_any`` (at least one) and ``tags_none`` (no one).
        name_contains: anywhere, whatever the case.
        hash: of the content.
    """

    tags_all: Sequence[str] = ()
    tags_any: Sequence[str] = ()
    tags_none: Sequence[str] = ()
    name_contains: str = ""
    hash: str = ""


def system_tags(root: str, kind: str) -> tuple[str, ...]:
    """The tags that say where a file is; people cannot change them."""
    return (root, f"model_type:{kind}") if kind else (root,)


def is_system(tag: str) -> bool:
    """Whether only the server gives this tag."""
    return tag in ("input", "output", "models", MISSING) or tag.startswith("model_type:")


def sync(db: sqlite3.Connection, found: Iterable[Found]) -> None:
    """Take over what a look at the folders found."""
    now, seen = time.time(), {file.path: file for file in found}
    jobs: dict[str, str] | None = None
    for row in db.execute("SELECT * FROM assets").fetchall():
        file = seen.get(row["path"]) if row["is_file"] else None
        if file is not None:
            del seen[file.path]
            _seen_again(db, row, file, now)
        elif row["is_file"] and MISSING not in (tags := loads(row["tags"])):
            _set(db, row["id"], {"tags": [*tags, MISSING]}, now)
    for file in seen.values():
        if jobs is None and file.root == "output":
            jobs = _makers(db)
        job = (jobs or {}).get(file.loader_path) if file.root == "output" else None
        insert(db, file, job_id=job)


def _seen_again(db: sqlite3.Connection, row: sqlite3.Row, file: Found, now: float) -> None:
    changes: dict[str, Any] = {}
    if (row["size"], row["mtime_ns"]) != (file.size, file.mtime_ns):
        changes = {"size": file.size, "mtime_ns": file.mtime_ns, "hash": None}
    if MISSING in (tags := loads(row["tags"])):
        changes["tags"] = [tag for tag in tags if tag != MISSING]
    if changes:
        _set(db, row["id"], changes, now)


def _makers(db: sqlite3.Connection, jobs: int = 200) -> dict[str, str]:
    """Names of files in the output folder to the jobs that made them; of the newest jobs."""
    query = "SELECT id, outputs FROM jobs WHERE outputs IS NOT NULL ORDER BY ended DESC LIMIT ?"
    found: dict[str, str] = {}
    for row in db.execute(query, (jobs,)):
        shown = (loads(row["outputs"]) or {}).values()
        lists = [items for ui in shown if isinstance(ui, dict) for items in ui.values()]
        for item in (item for items in lists if isinstance(items, list) for item in items):
            if isinstance(item, dict) and item.get("type") == "output":
                name = "/".join(p for p in (item.get("subfolder"), item.get("filename")) if p)
                found.setdefault(name, row["id"])
    return found


def insert(
    db: sqlite3.Connection,
    file: Found,
    name: str | None = None,
    tags: Sequence[str] = (),
    hash: str | None = None,
    is_file: bool = True,
    user_metadata: Mapping[str, Any] | None = None,
    job_id: str | None = None,
) -> Asset:
    """A new row for a file, or one more reference to it."""
    now = time.time()
    all_tags = dict.fromkeys((*system_tags(file.root, file.kind), *tags))
    row = {
        "id": (id := str(uuid.uuid4())),
        "name": name or Path(file.path).name,
        "root": file.root,
        "kind": file.kind,
        "path": file.path,
        "loader_path": file.loader_path,
        "is_file": int(is_file),
        "hash": hash,
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "mime_type": file.mime_type,
        "tags": dumps(list(all_tags)).decode(),
        "user_metadata": dumps(dict(user_metadata or {})).decode(),
        "preview_id": None,
        "job_id": job_id,
        "created_at": file.mtime_ns / 1e9 if is_file else now,
        "updated_at": now,
        "last_access_time": now,
    }
    marks = ", ".join(f":{column}" for column in row)
    db.execute(f"INSERT INTO assets ({', '.join(row)}) VALUES ({marks})", row)
    made = get(db, id)
    assert made is not None
    return made


def get(db: sqlite3.Connection, id: str) -> Asset | None:
    """The asset of an id."""
    row = db.execute("SELECT * FROM assets WHERE id = ?", (id,)).fetchone()
    return None if row is None else _asset(row)


def at(db: sqlite3.Connection, path: str) -> Asset | None:
    """The row of a file."""
    row = db.execute("SELECT * FROM assets WHERE path = ? AND is_file", (path,)).fetchone()
    return None if row is None else _asset(row)


def with_hash(db: sqlite3.Connection, hash: str) -> list[Asset]:
    """Assets of a content that are there, files first."""
    query = "SELECT * FROM assets WHERE hash = ? ORDER BY is_file DESC, created_at"
    found = map(_asset, db.execute(query, (hash,)))
    return [asset for asset in found if MISSING not in asset.tags]


def unhashed(db: sqlite3.Connection) -> list[Asset]:
    """Files whose hash is not known."""
    query = "SELECT * FROM assets WHERE hash IS NULL AND is_file ORDER BY size"
    return [asset for asset in map(_asset, db.execute(query)) if MISSING not in asset.tags]


def set_hash(db: sqlite3.Connection, asset: Asset, hash: str) -> None:
    """Note the hash of a content, unless the file has changed meanwhile."""
    query = "UPDATE assets SET hash = ? WHERE path = ? AND size = ? AND mtime_ns = ?"
    db.execute(query, (hash, asset.path, asset.size, asset.mtime_ns))


def update(db: sqlite3.Connection, id: str, changes: Mapping[str, Any]) -> Asset | None:
    """Change what people may change: name, tags, user_metadata, preview_id."""
    _set(db, id, changes, time.time())
    return get(db, id)


def touch(db: sqlite3.Connection, id: str) -> None:
    """Note that the content was read."""
    db.execute("UPDATE assets SET last_access_time = ? WHERE id = ?", (time.time(), id))


def delete(db: sqlite3.Connection, id: str) -> None:
    """Forget an asset."""
    db.execute("DELETE FROM assets WHERE id = ?", (id,))


def prune(db: sqlite3.Connection) -> int:
    """Forget all that are missing; how many these were."""
    return db.execute(f"DELETE FROM assets WHERE {_HAS_TAG}", (MISSING,)).rowcount


_HAS_TAG = "EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)"


def find(
    db: sqlite3.Connection,
    wanted: Wanted,
    sort: str,
    descending: bool,
    limit: int,
    offset: int = 0,
    after: str | None = None,
) -> tuple[list[Asset], int, str | None]:
    """A page of the assets that are wanted.

    Args:
        wanted: which.
        sort: one of :data:`SORTS`.
        descending: the greatest first.
        limit: at most so many.
        offset: leave out so many.
        after: cursor that the page before gave; then there is no offset.

    Returns:
        The page, how many there are in all, and the cursor of the next page if there is one.

    Raises:
        ValueError: the cursor is none, or of a list that was sorted otherwise.
    """
    where, values = _where(wanted)
    total = db.execute(f"SELECT count(*) FROM assets WHERE {where}", values).fetchone()[0]
    if after is not None:
        where += f" AND ({sort}, id) {'<' if descending else '>'} (?, ?)"
        values, offset = [*values, *_place(after, sort, descending)], 0
    way = "DESC" if descending else "ASC"
    query = f"SELECT * FROM assets WHERE {where} ORDER BY {sort} {way}, id {way} LIMIT ? OFFSET ?"
    rows = db.execute(query, (*values, limit + 1, offset)).fetchall()
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = None if last is None else _cursor(last, sort, descending)
    return [_asset(row) for row in rows[:limit]], total, cursor


def tag_counts(db: sqlite3.Connection, wanted: Wanted) -> list[tuple[str, int]]:
    """Tags of the assets that are wanted, with how many have each; the most common first."""
    where, values = _where(wanted)
    query = (
        "SELECT value, count(*) AS number FROM assets, json_each(assets.tags) "
        f"WHERE {where} GROUP BY value ORDER BY number DESC, value"
    )
    return [(row["value"], row["number"]) for row in db.execute(query, values)]


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    parts, values = ["1"], list[Any]()
    for tag in wanted.tags_all:
        parts.append(_HAS_TAG)
        values.append(tag)
    if wanted.tags_any:
        parts.append("(" + " OR ".join([_HAS_TAG] * len(wanted.tags_any)) + ")")
        values += wanted.tags_any
    for tag in wanted.tags_none:
        parts.append(f"NOT {_HAS_TAG}")
        values.append(tag)
    if wanted.name_contains:
        parts.append("instr(lower(name), lower(?))")
        values.append(wanted.name_contains)
    if wanted.hash:
        parts.append("hash = ?")
        values.append(wanted.hash)
    return " AND ".join(parts), values


def _cursor(row: sqlite3.Row, sort: str, descending: bool) -> str:
    return base64.urlsafe_b64encode(dumps([sort, descending, row[sort], row["id"]])).decode()


def _place(cursor: str, sort: str, descending: bool) -> tuple[Any, str]:
    kind, way, value, id = loads(base64.urlsafe_b64decode(cursor))
    if (kind, way) != (sort, descending) or not isinstance(value, str | int | float):
        raise ValueError("the cursor is of another list")
    return value, str(id)


def _set(db: sqlite3.Connection, id: str, changes: Mapping[str, Any], now: float) -> None:
    plain = {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in changes.items()}
    columns = ", ".join(f"{name} = :{name}" for name in plain)
    query = f"UPDATE assets SET {columns}, updated_at = :now WHERE id = :id"
    db.execute(query, {**plain, "now": now, "id": id})


def _asset(row: sqlite3.Row) -> Asset:
    data = {**row, "is_file": bool(row["is_file"]), "tags": tuple(loads(row["tags"]))}
    return Asset(**{**data, "user_metadata": loads(row["user_metadata"])})
