"""Tables of ``session.db`` and how an older file becomes a current one."""

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x44435357
"""``PRAGMA application_id`` of a session ("DCSW"), which tells it from any other SQLite file."""

_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE class (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    word TEXT NOT NULL,
    position INTEGER NOT NULL
);

CREATE TABLE template (
    id INTEGER PRIMARY KEY,
    class_id INTEGER NOT NULL REFERENCES class (id),
    text TEXT NOT NULL,
    negative TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('default', 'user', 'proposal')),
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at TEXT NOT NULL,
    replaces INTEGER REFERENCES template (id)
);
CREATE INDEX template_class ON template (class_id);

CREATE TABLE picture (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL,
    class_id INTEGER NOT NULL REFERENCES class (id),
    origin TEXT NOT NULL CHECK (origin IN ('original', 'generated')),
    source TEXT,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    iteration INTEGER NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    flagged INTEGER NOT NULL DEFAULT 0 CHECK (flagged IN (0, 1)),
    created_at TEXT NOT NULL
);
CREATE INDEX picture_content ON picture (sha256);
CREATE INDEX picture_class ON picture (class_id);
CREATE UNIQUE INDEX original_content ON picture (sha256) WHERE origin = 'original';

CREATE TABLE provenance (
    picture_id INTEGER PRIMARY KEY REFERENCES picture (id),
    template_id INTEGER REFERENCES template (id),
    template TEXT NOT NULL,
    prompt TEXT NOT NULL,
    negative_prompt TEXT NOT NULL,
    seed INTEGER NOT NULL,
    parent_id INTEGER REFERENCES picture (id),
    strength REAL,
    guidance_scale REAL NOT NULL,
    num_inference_steps INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    model TEXT NOT NULL,
    model_revision TEXT,
    batch_size INTEGER,
    perturbation TEXT NOT NULL
);
CREATE INDEX provenance_parent ON provenance (parent_id);

CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    iteration INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'cancelled'))
);

CREATE TABLE planned (
    id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL REFERENCES job (id),
    "index" INTEGER NOT NULL,
    class_id INTEGER NOT NULL REFERENCES class (id),
    template_id INTEGER REFERENCES template (id),
    template TEXT NOT NULL,
    prompt TEXT NOT NULL,
    negative_prompt TEXT NOT NULL,
    seed INTEGER NOT NULL,
    parent_id INTEGER REFERENCES picture (id),
    strength REAL,
    guidance_scale REAL NOT NULL,
    num_inference_steps INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    perturbation TEXT NOT NULL,
    picture_id INTEGER UNIQUE REFERENCES picture (id),
    UNIQUE (job_id, "index")
);

CREATE TABLE encoder (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, dim INTEGER NOT NULL);

CREATE TABLE embedding (
    encoder_id INTEGER NOT NULL REFERENCES encoder (id),
    sha256 TEXT NOT NULL,
    vector BLOB NOT NULL, -- float16, little-endian
    PRIMARY KEY (encoder_id, sha256)
);

CREATE TABLE label (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL
);

CREATE TABLE picture_label (
    picture_id INTEGER NOT NULL REFERENCES picture (id),
    label_id INTEGER NOT NULL REFERENCES label (id) ON DELETE CASCADE,
    score REAL NOT NULL,
    PRIMARY KEY (picture_id, label_id)
) WITHOUT ROWID;
CREATE INDEX picture_label_label ON picture_label (label_id);

CREATE TABLE picture_position (
    id INTEGER PRIMARY KEY REFERENCES picture (id), x REAL NOT NULL, y REAL NOT NULL
);
CREATE TABLE label_position (
    id INTEGER PRIMARY KEY REFERENCES label (id) ON DELETE CASCADE, x REAL NOT NULL, y REAL NOT NULL
);

CREATE TABLE metric (
    iteration INTEGER NOT NULL,
    class_id INTEGER REFERENCES class (id),
    name TEXT NOT NULL,
    value REAL -- NULL is not-a-number
);
CREATE UNIQUE INDEX metric_key ON metric (iteration, coalesce(class_id, 0), name);

CREATE TABLE action (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1)),
    discarded INTEGER NOT NULL DEFAULT 0 CHECK (discarded IN (0, 1)), -- undone, then something else was done
    created_at TEXT NOT NULL
);

CREATE TABLE proposal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    class_id INTEGER NOT NULL REFERENCES class (id),
    template_id INTEGER REFERENCES template (id),
    text TEXT NOT NULL,
    negative TEXT NOT NULL,
    score_before REAL,
    score_after REAL,
    explanation TEXT NOT NULL,
    feedback TEXT NOT NULL,
    before_ids TEXT, -- NULL: every proxy of that side
    after_ids TEXT,
    state TEXT NOT NULL CHECK (state IN ('running', 'open', 'accepted', 'rejected', 'withdrawn')),
    created_at TEXT NOT NULL
);

CREATE TABLE proxy (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    proposal_id INTEGER NOT NULL REFERENCES proposal (id),
    side TEXT NOT NULL CHECK (side IN ('before', 'after')),
    sha256 TEXT NOT NULL,
    prompt TEXT NOT NULL,
    seed INTEGER NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX proxy_proposal ON proxy (proposal_id);
"""

_VERSION_2 = """
ALTER TABLE proposal ADD COLUMN report TEXT NOT NULL DEFAULT '{}';

CREATE TABLE caption (
    model TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (model, sha256)
) WITHOUT ROWID;
"""

_VERSION_3 = """
CREATE TABLE new_job (
    id INTEGER PRIMARY KEY,
    iteration INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'open', 'done', 'cancelled'))
);
INSERT INTO new_job SELECT * FROM job;
DROP TABLE job;
ALTER TABLE new_job RENAME TO job;

CREATE TABLE flag (
    picture_id INTEGER NOT NULL REFERENCES picture (id),
    kind TEXT NOT NULL,
    of_id INTEGER REFERENCES picture (id), -- the picture that it is a copy of
    score REAL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (picture_id, kind)
) WITHOUT ROWID;

CREATE TABLE fingerprint (sha256 TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE cost (
    id INTEGER PRIMARY KEY,
    iteration INTEGER NOT NULL,
    job_id INTEGER REFERENCES job (id),
    purpose TEXT NOT NULL CHECK (purpose IN ('pictures', 'proxies', 'tuning')),
    pictures INTEGER NOT NULL,
    seconds REAL NOT NULL,
    joules REAL, -- NULL: not known
    device TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE concept (
    id INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    class_id INTEGER REFERENCES class (id),
    kind TEXT NOT NULL CHECK (kind IN ('textual_inversion', 'lora')),
    words TEXT NOT NULL,
    settings TEXT NOT NULL,
    model TEXT NOT NULL,
    model_revision TEXT,
    state TEXT NOT NULL CHECK (state IN ('training', 'ready', 'cancelled')),
    created_at TEXT NOT NULL
);

CREATE TABLE box (
    id INTEGER PRIMARY KEY,
    picture_id INTEGER NOT NULL REFERENCES picture (id),
    class_id INTEGER NOT NULL REFERENCES class (id),
    x REAL NOT NULL, -- of the upper left corner, in pixels of the stored picture
    y REAL NOT NULL,
    width REAL NOT NULL,
    height REAL NOT NULL,
    score REAL, -- NULL: given by a person
    source TEXT NOT NULL CHECK (source IN ('given', 'pseudo'))
);
CREATE INDEX box_picture ON box (picture_id);
"""

_VERSION_4 = """
CREATE TABLE held_out (
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('validation', 'test')),
    sha256 TEXT NOT NULL,
    class_id INTEGER NOT NULL REFERENCES class (id),
    source TEXT,
    boxes TEXT NOT NULL DEFAULT '[]', -- [class_id, x, y, width, height] each, in pixels of the stored picture
    UNIQUE (role, sha256)
);

CREATE TABLE evaluation (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE, -- a hash of what the result depends on
    settings TEXT NOT NULL,
    result TEXT NOT NULL,
    created_at TEXT NOT NULL
);
"""

_VERSION_5 = """
CREATE TABLE suggestion (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    class_id INTEGER NOT NULL REFERENCES class (id),
    asked TEXT NOT NULL, -- how it is to be found
    text TEXT NOT NULL DEFAULT '', -- empty while it is looked for
    report TEXT NOT NULL DEFAULT '{}', -- what was found out
    template_id INTEGER REFERENCES template (id), -- the prompt that was made of it
    folder TEXT, -- where pictures of it are collected, below the session's folder
    state TEXT NOT NULL
        CHECK (state IN ('running', 'open', 'collecting', 'taken', 'rejected', 'withdrawn')),
    created_at TEXT NOT NULL
);
"""

_VERSION_6 = """
CREATE TABLE edit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    picture_id INTEGER NOT NULL REFERENCES picture (id), -- what the trail begins with
    before_id INTEGER REFERENCES edit (id), -- the step before
    from_id INTEGER REFERENCES edit_candidate (id), -- what that step's result was; NULL: the picture itself
    instruction TEXT NOT NULL,
    asked TEXT NOT NULL, -- how it is to be done
    report TEXT NOT NULL DEFAULT '{}', -- what was understood
    mask TEXT, -- content of a picture file: white may change
    reference TEXT, -- content of a picture file
    chosen_id INTEGER REFERENCES edit_candidate (id),
    feedback TEXT NOT NULL DEFAULT '{}',
    accepted_id INTEGER REFERENCES picture (id), -- what it became in the data set
    revealed INTEGER NOT NULL DEFAULT 0 CHECK (revealed IN (0, 1)), -- who made what was shown
    aside INTEGER NOT NULL DEFAULT 0 CHECK (aside IN (0, 1)), -- a person went back to before it
    state TEXT NOT NULL CHECK (state IN ('running', 'open', 'chosen', 'declined', 'withdrawn')),
    created_at TEXT NOT NULL
);
CREATE INDEX edit_picture ON edit (picture_id);

CREATE TABLE edit_candidate (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    edit_id INTEGER NOT NULL REFERENCES edit (id),
    place INTEGER NOT NULL, -- among the edit's candidates, at random
    editor TEXT NOT NULL,
    text TEXT NOT NULL, -- the instruction in the editor's form
    seed INTEGER NOT NULL,
    revision TEXT,
    parameters TEXT NOT NULL DEFAULT '{}', -- the model's own settings
    sha256 TEXT, -- NULL: not made, or no good
    problem TEXT, -- why it is no good
    created_at TEXT NOT NULL,
    UNIQUE (edit_id, place),
    UNIQUE (edit_id, editor)
);

CREATE TABLE new_cost (
    id INTEGER PRIMARY KEY,
    iteration INTEGER NOT NULL,
    job_id INTEGER REFERENCES job (id),
    purpose TEXT NOT NULL CHECK (purpose IN ('pictures', 'proxies', 'tuning', 'edits')),
    pictures INTEGER NOT NULL,
    seconds REAL NOT NULL,
    joules REAL, -- NULL: not known
    device TEXT NOT NULL,
    created_at TEXT NOT NULL
);
INSERT INTO new_cost SELECT * FROM cost;
DROP TABLE cost;
ALTER TABLE new_cost RENAME TO cost;
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)
"""Script ``i`` takes a file of version ``i`` to version ``i + 1``. Append only: released scripts never
change."""


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> int:
    """Bring an open database to the newest version, each step in one transaction.

    Args:
        connection: A connection in autocommit mode (``isolation_level=None``).
        migrations: The scripts, in order.

    Returns:
        The version reached.
    """
    version = user_version(connection)
    for target, script in enumerate(migrations[version:], start=version + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {script}; PRAGMA application_id = {APPLICATION_ID};"
                f" PRAGMA user_version = {target}; COMMIT;"
            )
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise
    return max(version, len(migrations))


def user_version(connection: sqlite3.Connection) -> int:
    """The schema version written in the file; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
