"""The store: a session folder with its database, image files and lock."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from datacrafter_widget.errors import StoreError
from datacrafter_widget.store.base import BUSY_TIMEOUT_SECONDS, to_json
from datacrafter_widget.store.classes import ClassTable
from datacrafter_widget.store.concepts import CONCEPTS_NAME, ConceptTable
from datacrafter_widget.store.costs import CostTable
from datacrafter_widget.store.edits import EditTable
from datacrafter_widget.store.evaluations import EvaluationTable
from datacrafter_widget.store.files import ImageFiles, content_hash
from datacrafter_widget.store.flags import FlagTable
from datacrafter_widget.store.held_out import HeldOutTable
from datacrafter_widget.store.history import ActionTable, ProposalTable
from datacrafter_widget.store.jobs import JobTable
from datacrafter_widget.store.lock import FolderLock
from datacrafter_widget.store.observations import (
    CaptionTable,
    EmbeddingTable,
    LabelTable,
    MetricTable,
    PositionTable,
)
from datacrafter_widget.store.pictures import PictureTable
from datacrafter_widget.store.restoring import ImportTable
from datacrafter_widget.store.schema import APPLICATION_ID, MIGRATIONS, migrate, user_version
from datacrafter_widget.store.suggestions import SuggestionTable
from datacrafter_widget.store.templates import TemplateTable

DATABASE_NAME = "session.db"
LOCK_NAME = "session.lock"
_OWN_NAMES = (
    LOCK_NAME,
    "images",
    "thumbnails",
    CONCEPTS_NAME,
    DATABASE_NAME,
    f"{DATABASE_NAME}-wal",
    f"{DATABASE_NAME}-shm",
)


class Store(
    ClassTable,
    ImportTable,
    EditTable,
    PictureTable,
    FlagTable,
    TemplateTable,
    JobTable,
    CostTable,
    ConceptTable,
    EmbeddingTable,
    CaptionTable,
    LabelTable,
    PositionTable,
    MetricTable,
    HeldOutTable,
    EvaluationTable,
    ActionTable,
    ProposalTable,
    SuggestionTable,
):
    """What a session keeps on disk.

    ``session.db`` (SQLite, WAL) holds rows, ``images/ab/<sha256>.png`` the pictures, ``thumbnails/`` what can
    be made again. Everything that a method wrote when it returned survives a crash at any later moment. One
    process writes at a time; any thread of it may call any method.

    Args:
        folder: A session folder; made when missing (a new one must be empty).
        read_only: Take no lock and write nothing; several may read while another process writes.

    Raises:
        StoreError: The folder is no session, is of a newer version, is damaged, or is open for writing
            elsewhere.
    """

    def __init__(self, folder: str | Path, *, read_only: bool = False) -> None:
        super().__init__()
        self.folder = Path(folder).expanduser().absolute()
        self.read_only = read_only
        self._connection = None
        self._lock: FolderLock | None = None
        self._files = ImageFiles(self.folder, read_only=read_only)
        try:
            _check_folder(self.folder, read_only=read_only)
            if read_only:
                self._connection = _connect_to_read(self.folder / DATABASE_NAME)
                _check_version(self._connection, self.folder, oldest=len(MIGRATIONS))
                self._connection.row_factory = sqlite3.Row
            else:
                self._open_to_write()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError | sqlite3.Error):
                look = "" if read_only else ", or open it with read_only=True to look at it"
                raise StoreError(
                    f"expected a session that can be opened at {self.folder}, but: {error}. Check the folder's"
                    f" rights and the disk{look}; a damaged session.db must come from a backup."
                ) from error
            raise

    def _open_to_write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(self.folder / LOCK_NAME)
        self._connection = sqlite3.connect(
            self.folder / DATABASE_NAME,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        _check_version(self._connection, self.folder, oldest=0)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit survives even a power cut, and "shown" means "committed".
        self._connection.execute("PRAGMA synchronous = FULL")
        migrate(self._connection)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.row_factory = sqlite3.Row
        self._files.prepare()

    def get_meta(self, key: str, default: Any = None) -> Any:
        """A value stored under a key with `set_meta`, or the default."""
        row = self._row("SELECT value FROM meta WHERE key = ?", (key,))
        return default if row is None else json.loads(row["value"])

    def set_meta(self, key: str, value: Any) -> None:
        """Store a JSON value under a key.

        Raises:
            InputError: The value can't be written as JSON.
        """
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, to_json(value, "a value")))

    def integrity_check(self, *, deep: bool = False) -> list[str]:
        """What is wrong with the session, one line each; empty when all is well.

        Args:
            deep: Also read every picture and compare its content with its name.
        """
        problems = [str(row[0]) for row in self._rows("PRAGMA integrity_check") if row[0] != "ok"]
        problems += [
            f"row {row['rowid']} of table {row['table']} names a row of {row['parent']} that isn't there"
            for row in self._rows("PRAGMA foreign_key_check")
        ]
        named = {
            row[0]
            for row in self._rows(
                "SELECT sha256 FROM picture UNION SELECT sha256 FROM proxy UNION SELECT sha256 FROM held_out"
                " UNION SELECT sha256 FROM edit_candidate WHERE sha256 IS NOT NULL"
                " UNION SELECT mask FROM edit WHERE mask IS NOT NULL"
                " UNION SELECT reference FROM edit WHERE reference IS NOT NULL"
            )
        }
        stored = self._files.stored()
        problems += [f"{self._files.path(sha256)} is missing" for sha256 in sorted(named - stored)]
        if deep:
            problems += self._damaged(sorted(named & stored))
        return problems

    def _damaged(self, hashes: Sequence[str]) -> list[str]:
        problems = []
        for sha256 in hashes:
            try:
                intact = content_hash(self._files.load(sha256)) == sha256
            except StoreError:
                intact = False
            if not intact:
                problems.append(f"{self._files.path(sha256)} is damaged")
        return problems

    def close(self) -> None:
        """Fold the log into ``session.db`` and let others write. May be called twice."""
        with self._guard:
            connection, self._connection = self._connection, None
            try:
                if connection is not None:
                    connection.close()  # the last connection checkpoints and removes the log
            finally:
                if self._lock is not None:
                    self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._connection is None else "read-only" if self.read_only else "open"
        return f"Store({str(self.folder)!r}, {state})"


def is_session(folder: str | Path) -> bool:
    """Whether a folder holds a session (of any version)."""
    return (Path(folder).expanduser() / DATABASE_NAME).is_file()


def _check_folder(folder: Path, *, read_only: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"expected a session folder, but {folder} is a file. Give the path of a folder.")
    if is_session(folder):
        return
    if read_only:
        raise StoreError(
            f"expected a session to read at {folder}, but there is no {DATABASE_NAME}."
            " Check the path, or open it without read_only to make a new session."
        )
    strangers = sorted(
        entry.name
        for entry in (folder.iterdir() if folder.exists() else ())
        if entry.name not in _OWN_NAMES and not entry.name.startswith(".")
    )
    if strangers:
        raise StoreError(
            f"expected a session or an empty folder at {folder}, but it holds {', '.join(strangers[:3])}"
            f"{' …' if len(strangers) > 3 else ''} and no {DATABASE_NAME}. Give the session a folder of its"
            " own; a folder of pictures goes in as images=…"
        )


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open without writing; on a read-only disk (where SQLite can't share its log) as unchanging."""
    options: dict[str, Any] = {
        "uri": True,
        "timeout": BUSY_TIMEOUT_SECONDS,
        "isolation_level": None,
        "check_same_thread": False,
    }
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", **options)
    try:
        user_version(connection)
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size > 0:
            raise
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", **options)
    return connection


def _check_version(connection: sqlite3.Connection, folder: Path, *, oldest: int) -> None:
    version = user_version(connection)
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and application_id != APPLICATION_ID:
        raise StoreError(
            f"expected a session of datacrafter-widget at {folder}, but its {DATABASE_NAME} is another"
            " program's database. Give another folder."
        )
    if version > len(MIGRATIONS):
        raise StoreError(
            f"expected a session of version {len(MIGRATIONS)} or older, but {folder} has version {version}:"
            " a newer datacrafter-widget made it. Update with: pip install -U datacrafter-widget"
        )
    if version < oldest:
        raise StoreError(
            f"expected a session of version {oldest}, but {folder} has version {version}."
            " Open it once without read_only to bring it up to date."
        )
