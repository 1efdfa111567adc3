"""A gallery in a folder: SQLite, and picture files beside it. Several processes may use it at a time."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacrafter_widget.editing.gallery.entries import Entry
from datacrafter_widget.errors import StoreError
from datacrafter_widget.store.files import ImageFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from PIL import Image

    from datacrafter_widget.editing.gallery.shelf import Query

DATABASE_NAME = "gallery.db"
APPLICATION_ID = 0x44434741  # "DCGA"
VERSION = 1
BUSY_TIMEOUT_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE entry (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    author  TEXT NOT NULL,
    public  INTEGER NOT NULL CHECK (public IN (0, 1)),
    created TEXT NOT NULL,
    words   TEXT NOT NULL,
    record  TEXT NOT NULL CHECK (json_valid(record))
) STRICT;
CREATE INDEX entry_created ON entry (created);
CREATE TABLE entry_picture (
    number INTEGER NOT NULL REFERENCES entry (number) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (number, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_picture_sha256 ON entry_picture (sha256);
CREATE TABLE liked (
    number INTEGER NOT NULL REFERENCES entry (number) ON DELETE CASCADE,
    who    TEXT NOT NULL,
    PRIMARY KEY (number, who)
) STRICT, WITHOUT ROWID;
CREATE TABLE stale_words (number INTEGER NOT NULL) STRICT;
"""
_WORDS = (
    # Words are prepared by `searchable`: spaces part them, all else belongs to one.
    "CREATE VIRTUAL TABLE IF NOT EXISTS entry_words"
    " USING fts5(words, content='entry', content_rowid='number', tokenize='ascii')"
)
_ORDERS = {
    "newest": "created DESC, number DESC",
    "oldest": "created, number",
    "liked": "likes DESC, created DESC, number DESC",
}
_SELECT = """SELECT number, words, id, author, public, created, record,
    (SELECT count(*) FROM liked WHERE liked.number = entry.number) AS likes,
    EXISTS (SELECT 1 FROM liked WHERE liked.number = entry.number AND who = :who) AS liked
    FROM entry"""


class LocalShelf:
    """Entries in ``gallery.db``, pictures in ``images/ab/<sha256>.png`` under a folder.

    Args:
        folder: made when missing.
        read_only: write nothing.

    Raises:
        StoreError: it can't be opened, or is no gallery.
    """

    shared = False

    def __init__(self, folder: str | Path, *, read_only: bool = False) -> None:
        self.folder = Path(folder).expanduser().absolute()
        self.read_only = read_only
        self.indexed = _has_fts5()
        self._guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._files = ImageFiles(self.folder, read_only=read_only)
        path = self.folder / DATABASE_NAME
        if read_only and not path.is_file():
            raise StoreError(
                f"expected a gallery to read at {self.folder}, found none; nothing was published"
            )
        try:
            if not read_only:
                for name in ("images", "thumbnails"):
                    (self.folder / name).mkdir(parents=True, exist_ok=True)
            with self._errors():
                self._open(path)
        except OSError as error:
            raise StoreError(
                f"expected a folder for a gallery at {self.folder}, but: {error}. Give another path."
            ) from error
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """Its folder."""
        return str(self.folder)

    def add(self, entry: Entry, pictures: Mapping[str, Image.Image]) -> None:
        """Keep an entry and its pictures."""
        record, words = entry.record(), entry.words()
        with self._writing() as connection:
            # Within the transaction: a `remove` of another process waits, then sees these pictures in use.
            self._files.put(list(pictures.values()))
            number = connection.execute(
                "INSERT INTO entry (id, author, public, created, words, record) VALUES (?, ?, ?, ?, ?, ?)",
                (entry.id, entry.author, entry.public, entry.created, words, record),
            ).lastrowid
            connection.executemany(
                "INSERT INTO entry_picture VALUES (?, ?)", [(number, key) for key in pictures]
            )
            self._index(connection, number, words)

    def get(self, entry_id: str, who: str) -> Entry | None:
        """An entry as `who` sees it, or None."""
        rows = self._rows(f"{_SELECT} WHERE id = :id", {"id": entry_id, "who": who})
        return _entry(rows[0]) if rows else None

    def find(self, query: Query, who: str, *, offset: int, limit: int) -> tuple[list[Entry], int]:
        """A part of what matches, as `who` sees it, and how many match."""
        clauses, values = self._where(query)
        found = f"FROM ({_SELECT}) AS entry WHERE {' AND '.join(clauses)}"
        values |= {"who": who, "offset": offset, "limit": limit}
        with self._guard:
            total = self._rows(f"SELECT count(*) {found}", values)[0][0]
            part = f"ORDER BY {_ORDERS[query.order]} LIMIT :limit OFFSET :offset"
            rows = self._rows(f"SELECT * {found} {part}", values)
        return [_entry(row) for row in rows], total

    def put(self, entry: Entry) -> None:
        """Replace what an entry says."""
        record, words = entry.record(), entry.words()
        with self._writing() as connection:
            row = connection.execute("SELECT number, words FROM entry WHERE id = ?", (entry.id,)).fetchone()
            if row is None:
                return
            self._unindex(connection, row["number"], row["words"])
            connection.execute(
                "UPDATE entry SET public = ?, words = ?, record = ? WHERE number = ?",
                (entry.public, words, record, row["number"]),
            )
            self._index(connection, row["number"], words)

    def like(self, entry_id: str, who: str, *, liked: bool) -> None:
        """Let `who` like an entry, or no longer."""
        with self._writing() as connection:
            if liked:
                connection.execute(
                    "INSERT OR IGNORE INTO liked SELECT number, ? FROM entry WHERE id = ?", (who, entry_id)
                )
            else:
                connection.execute(
                    "DELETE FROM liked WHERE who = ? AND number = (SELECT number FROM entry WHERE id = ?)",
                    (who, entry_id),
                )

    def remove(self, entry_id: str) -> None:
        """Forget an entry and the pictures that no other entry has."""
        with self._writing() as connection:
            row = connection.execute("SELECT number, words FROM entry WHERE id = ?", (entry_id,)).fetchone()
            if row is None:
                return
            orphans = connection.execute(
                "SELECT sha256 FROM entry_picture WHERE number = ?1 AND sha256 NOT IN"
                " (SELECT sha256 FROM entry_picture WHERE number != ?1)",
                (row["number"],),
            ).fetchall()
            self._unindex(connection, row["number"], row["words"])
            connection.execute("DELETE FROM entry WHERE number = ?", (row["number"],))
            for orphan in orphans:
                self._unlink(orphan["sha256"])

    def png(self, key: str) -> bytes | None:
        """A picture's PNG file, or None."""
        if not self._rows("SELECT 1 FROM entry_picture WHERE sha256 = ?", (key,)):
            return None
        path = self._files.path(key)
        try:
            return path.read_bytes()
        except OSError as error:
            raise StoreError(
                f"expected a picture at {path}: {error}. Put the file back from a backup."
            ) from error

    def thumbnail(self, key: str, size: int) -> bytes:
        """WebP of a picture."""
        return self._files.thumbnail(key, size)

    def close(self) -> None:
        """Close the database. May be called twice."""
        with self._guard:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _open(self, path: Path) -> None:
        connection = self._connection = _connect(path, read_only=self.read_only)
        connection.row_factory = sqlite3.Row
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreError(
                f"expected a gallery, but {path} is another program's database. Give another folder."
            )
        if version > VERSION:
            raise StoreError(
                f"expected a gallery of version {VERSION}, but {path} has version {version}: a newer"
                " datacrafter-widget made it. Update with: pip install -U datacrafter-widget"
            )
        if self.read_only:
            self.indexed = False  # another process may have left words to be indexed
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        with self._writing():
            if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
            if self.indexed:
                self._catch_up(connection)

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        """Make the index of words, or make it again when a SQLite without FTS5 wrote meanwhile."""
        known = "SELECT 1 FROM sqlite_schema WHERE name = 'entry_words'"
        stale = connection.execute("SELECT 1 FROM stale_words LIMIT 1").fetchone()
        if stale or not connection.execute(known).fetchone():
            connection.execute(_WORDS)
            connection.execute("INSERT INTO entry_words (entry_words) VALUES ('rebuild')")
            connection.execute("DELETE FROM stale_words")

    def _index(self, connection: sqlite3.Connection, number: int | None, words: str) -> None:
        if self.indexed:
            connection.execute("INSERT INTO entry_words (rowid, words) VALUES (?, ?)", (number, words))
        else:
            connection.execute("INSERT INTO stale_words VALUES (?)", (number,))

    def _unindex(self, connection: sqlite3.Connection, number: int, words: str) -> None:
        if self.indexed:
            connection.execute(
                "INSERT INTO entry_words (entry_words, rowid, words) VALUES ('delete', ?, ?)", (number, words)
            )
        else:
            connection.execute("INSERT INTO stale_words VALUES (?)", (number,))

    def _where(self, query: Query) -> tuple[list[str], dict[str, Any]]:
        clauses = ["likes >= :likes"]
        values: dict[str, Any] = {"likes": query.likes}
        for name, test in (("since", "created >= :since"), ("until", "created < :until")):
            if getattr(query, name) is not None:
                clauses.append(test)
                values[name] = getattr(query, name)
        if query.public:
            clauses.append("public")
        elif query.reader is not None:
            clauses.append("(public OR author = :reader)")
            values["reader"] = query.reader
        if query.words and self.indexed:
            clauses.append("number IN (SELECT rowid FROM entry_words WHERE entry_words MATCH :match)")
            values["match"] = " AND ".join(f'"{part.strip()}" *' for part in query.words)
        else:
            for place, part in enumerate(query.words):
                clauses.append(f"instr(words, :word{place})")
                values[f"word{place}"] = part
        return clauses, values

    def _unlink(self, sha256: str) -> None:
        path = self._files.path(sha256)
        thumbnails = self.folder / "thumbnails" / sha256[:2]
        for each in (path, *thumbnails.glob(f"{sha256}-*.webp")):
            each.unlink(missing_ok=True)

    def _rows(self, sql: str, values: Sequence[Any] | dict[str, Any]) -> list[sqlite3.Row]:
        with self._guard, self._errors():
            return self._opened().execute(sql, values).fetchall()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"expected an open gallery, but {self.folder} was closed. Open it again.")
        return self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._guard, self._errors():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.rollback()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"expected to read and write {self.folder / DATABASE_NAME}, but: {error}. Check that the disk has"
                " room and that the folder is writable, then open the gallery again."
            ) from error


def _entry(row: sqlite3.Row) -> Entry:
    return Entry.from_record(
        row["record"],
        id=row["id"],
        author=row["author"],
        public=bool(row["public"]),
        created=row["created"],
        likes=row["likes"],
        liked=bool(row["liked"]),
    )


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open for writing, or to read; on a read-only disk, where SQLite can't share its log, as unchanging."""
    options: dict[str, Any] = {
        "timeout": BUSY_TIMEOUT_SECONDS,
        "isolation_level": None,
        "check_same_thread": False,
    }
    if not read_only:
        return sqlite3.connect(path, **options)
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, **options)
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size > 0:
            raise
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, **options)
    return connection


def _has_fts5() -> bool:
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    connection.close()
    return "ENABLE_FTS5" in options
