"""The connection to ``session.db`` that all tables of a `Store` share."""

import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.store.files import ImageFiles

BUSY_TIMEOUT_SECONDS = 30.0


class StoreBase:
    """One SQLite connection behind a re-entrant lock, so that any thread may call any method.

    The tables (`PictureTable`, `TemplateTable`, …) extend this class and meet again in `Store`.
    """

    folder: Path
    """The session folder, absolute."""
    read_only: bool
    """Whether writing is refused."""

    _connection: sqlite3.Connection | None
    _files: ImageFiles

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make everything done inside durable together, or not at all.

        Inside another transaction of the same thread it joins that one. Other threads wait.

        Raises:
            StoreError: The store is read-only or closed, or the disk refused (full, read-only, failing).
            InputError: A row names an id that isn't there, or breaks another rule of the schema.
        """
        self._check_writable()
        with self._guard:
            connection = self._open_connection()
            if self._depth > 0:
                yield connection
                return
            with self._sqlite_errors():
                connection.execute("BEGIN IMMEDIATE")
                self._depth += 1
                try:
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    self._depth -= 1
                    if connection.in_transaction:
                        connection.rollback()

    def _check_writable(self) -> None:
        if self.read_only:
            raise StoreError(
                f"expected a session open for writing, but {self.folder} was opened with read_only=True."
                " Open it without read_only to change it."
            )
        self._open_connection()

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"expected an open session, but {self.folder} was closed. Open it again.")
        return self._connection

    def _rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        with self._guard, self._sqlite_errors():
            return self._open_connection().execute(sql, parameters).fetchall()

    def _row(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Row | None:
        rows = self._rows(sql, parameters)
        return rows[0] if rows else None

    @contextmanager
    def _sqlite_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise InputError(
                "expected ids that exist in this session and values the schema allows, but SQLite says:"
                f" {error}. Take ids from classes(), pictures(), templates() or labels() of the same session."
            ) from error
        except sqlite3.Error as error:
            raise StoreError(
                f"expected to read and write {self.folder / 'session.db'}, but SQLite says: {error}."
                " Check that the disk has room and that the folder is writable, then open the session again."
            ) from error


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def id_list(ids: Iterable[int]) -> list[int]:
    """Plain ints from ints, NumPy integers or an array (SQLite binds no NumPy integer)."""
    return [int(value) for value in (ids.tolist() if isinstance(ids, np.ndarray) else ids)]


def json_ids(ids: Iterable[int]) -> str:
    """Ids for ``IN (SELECT value FROM json_each(?))``: one parameter, however many ids."""
    return json.dumps(id_list(ids))


def to_json(value: Any, what: str) -> str:
    """JSON text of a value.

    Raises:
        InputError: ``value`` holds something JSON has no word for.
    """
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain_number)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"expected {what} of JSON values (dict, list, str, number, bool, None): {error}."
            " Convert it first."
        ) from error


def _plain_number(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"found a {type(value).__name__}")
