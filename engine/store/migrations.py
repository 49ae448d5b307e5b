"""The shape of the database, as numbered steps that are applied once and never edited."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        id         TEXT PRIMARY KEY,
        number     REAL NOT NULL,
        state      TEXT NOT NULL,
        prompt     TEXT NOT NULL,
        targets    TEXT NOT NULL,
        extra      TEXT NOT NULL,
        secrets    TEXT NOT NULL,
        client     TEXT,
        created    REAL NOT NULL,
        started    REAL,
        ended      REAL,
        attempts   INTEGER NOT NULL DEFAULT 0,
        outputs    TEXT NOT NULL DEFAULT '{}',
        failure    TEXT
    ) STRICT;
    CREATE INDEX jobs_by_state ON jobs (state, number, created);
    CREATE INDEX jobs_by_end ON jobs (ended);
    CREATE TABLE events (
        seq     INTEGER PRIMARY KEY AUTOINCREMENT,
        job     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        type    TEXT NOT NULL,
        data    TEXT NOT NULL,
        at      REAL NOT NULL
    ) STRICT;
    CREATE INDEX events_by_job ON events (job, seq);
    CREATE TABLE settings (
        user    TEXT NOT NULL,
        name    TEXT NOT NULL,
        value   TEXT NOT NULL,
        PRIMARY KEY (user, name)
    ) STRICT;
    """,
    """
    CREATE TABLE timings (
        kind    TEXT NOT NULL,
        ms      REAL NOT NULL,
        at      REAL NOT NULL
    ) STRICT;
    CREATE INDEX timings_by_kind ON timings (kind, at);
    """,
    """
    ALTER TABLE timings ADD COLUMN bytes INTEGER;
    ALTER TABLE timings ADD COLUMN peak INTEGER;
    """,
    """
    ALTER TABLE jobs ADD COLUMN worker TEXT;
    ALTER TABLE jobs ADD COLUMN lease_until REAL;
    """,
    """
    ALTER TABLE jobs ADD COLUMN turn INTEGER;
    CREATE INDEX jobs_by_turn ON jobs (turn);
    CREATE INDEX jobs_by_client ON jobs (client, turn);
    CREATE INDEX jobs_waiting ON jobs (state, client, number, created);
    """,
    """
    CREATE TABLE users (
        id       TEXT PRIMARY KEY,
        name     TEXT NOT NULL UNIQUE COLLATE NOCASE,
        password TEXT,
        role     TEXT NOT NULL,
        created  REAL NOT NULL
    ) STRICT;
    CREATE TABLE tokens (
        hash     TEXT PRIMARY KEY,
        user     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        kind     TEXT NOT NULL,
        label    TEXT NOT NULL,
        created  REAL NOT NULL,
        expires  REAL NOT NULL,
        used     REAL NOT NULL
    ) STRICT;
    CREATE INDEX tokens_by_user ON tokens (user, created);
    ALTER TABLE jobs ADD COLUMN owner TEXT;
    CREATE INDEX jobs_by_owner ON jobs (owner, state, ended);
    DROP INDEX jobs_by_client;
    CREATE INDEX jobs_by_line ON jobs (coalesce(owner, client), turn);
    """,
    """
    CREATE INDEX jobs_by_sweep ON jobs (json_extract(extra, '$.sweep.id'));
    """,
    """
    CREATE TABLE assets (
        id               TEXT PRIMARY KEY,
        name             TEXT NOT NULL,
        root             TEXT NOT NULL,
        kind             TEXT NOT NULL,
        path             TEXT NOT NULL,
        loader_path      TEXT NOT NULL,
        is_file          INTEGER NOT NULL,
        hash             TEXT,
        size             INTEGER NOT NULL,
        mtime_ns         INTEGER NOT NULL,
        mime_type        TEXT NOT NULL,
        tags             TEXT NOT NULL,
        user_metadata    TEXT NOT NULL DEFAULT '{}',
        preview_id       TEXT,
        job_id           TEXT,
        created_at       REAL NOT NULL,
        updated_at       REAL NOT NULL,
        last_access_time REAL NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX assets_by_path ON assets (path) WHERE is_file;
    CREATE INDEX assets_by_hash ON assets (hash);
    """,
)
