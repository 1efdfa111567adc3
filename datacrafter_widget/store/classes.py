"""The classes of a data set."""

import unicodedata

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.base import StoreBase
from datacrafter_widget.store.records import ClassRow


class ClassTable(StoreBase):
    """The classes of the data set."""

    def add_class(self, name: str, word: str | None = None, *, position: int | None = None) -> ClassRow:
        """Add a class.

        Args:
            name: What people read, and the folder's name in an export: any Unicode but control characters;
                kept in NFC without outer whitespace.
            word: What ``{class}`` becomes in a prompt; by default the name with ``_`` and ``-`` as spaces.
            position: Where it stands among the others; by default last.

        Raises:
            InputError: The name is empty, has control characters, or is there already.
        """
        name = class_name(name)
        word = (
            " ".join((word if word is not None else name.replace("_", " ").replace("-", " ")).split()) or name
        )
        with self.transaction() as connection:
            if self.class_by_name(name) is not None:
                raise InputError(
                    f"expected a new class name, but this session has a class {name!r} already."
                    " Use class_by_name, or another name."
                )
            if position is None:
                position = connection.execute("SELECT coalesce(max(position), -1) + 1 FROM class").fetchone()[
                    0
                ]
            row_id = connection.execute(
                "INSERT INTO class (name, word, position) VALUES (?, ?, ?)", (name, word, int(position))
            ).lastrowid
        return ClassRow(int(row_id or 0), name, word, int(position))

    def classes(self) -> list[ClassRow]:
        """All classes, in their order."""
        return [ClassRow(**row) for row in self._rows("SELECT * FROM class ORDER BY position, id")]

    def class_by_name(self, name: str) -> ClassRow | None:
        """The class of that name (compared in NFC), or None."""
        row = self._row("SELECT * FROM class WHERE name = ?", (class_name(name),))
        return None if row is None else ClassRow(**row)

    def delete_empty_class(self, class_id: int) -> bool:
        """Delete a class that nothing refers to; return whether it was one."""
        with self.transaction() as connection:
            deleted = connection.execute(
                "DELETE FROM class WHERE id = ?1 AND NOT EXISTS (SELECT * FROM picture WHERE class_id = ?1)"
                " AND NOT EXISTS (SELECT * FROM template WHERE class_id = ?1)"
                " AND NOT EXISTS (SELECT * FROM box WHERE class_id = ?1)"
                " AND NOT EXISTS (SELECT * FROM held_out WHERE class_id = ?1)",
                (int(class_id),),
            ).rowcount
        return deleted > 0


def class_name(name: str) -> str:
    """A class name in NFC, without outer whitespace.

    Raises:
        InputError: Nothing is left, or it has control characters.
    """
    name = unicodedata.normalize("NFC", printable(str(name))).strip()
    if not name or any(unicodedata.category(character) == "Cc" for character in name):
        raise InputError(f"expected a class name of visible characters, found {name!r}. Rename the class.")
    return name


def printable(text: str) -> str:
    """The text with undecodable bytes of a file name as "?", so that it can be stored and shown."""
    return text.encode("utf-8", "replace").decode("utf-8")
