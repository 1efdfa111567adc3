"""Prompt templates of the classes, with their history."""

import sqlite3

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.base import StoreBase, now
from datacrafter_widget.store.records import Template, TemplateOrigin


class TemplateTable(StoreBase):
    """Templates are never changed or deleted, only replaced and made inactive: pictures refer to them."""

    def add_template(
        self, class_id: int, text: str, negative: str = "", origin: TemplateOrigin = "user"
    ) -> Template:
        """Add an active template to a class.

        Raises:
            InputError: There is no such class, or ``origin`` is unknown.
        """
        return self._add_template(class_id, text, negative, origin, replaces=None)

    def templates(self, class_id: int | None = None, active: bool | None = True) -> list[Template]:
        """Templates by id: of one class or all; active ones, inactive ones, or (``active=None``) both."""
        rows = self._rows(
            "SELECT * FROM template WHERE (:class_id IS NULL OR class_id = :class_id)"
            " AND (:active IS NULL OR active = :active) ORDER BY id",
            {"class_id": class_id, "active": active},
        )
        return [_template(row) for row in rows]

    def template(self, template_id: int) -> Template:
        """One template, active or not.

        Raises:
            InputError: There is no such template.
        """
        row = self._row("SELECT * FROM template WHERE id = ?", (int(template_id),))
        if row is None:
            raise InputError(
                f"expected the id of a template, found {template_id}. templates(active=None) lists them."
            )
        return _template(row)

    def update_template(
        self,
        template_id: int,
        text: str | None = None,
        negative: str | None = None,
        origin: TemplateOrigin = "user",
    ) -> Template:
        """Replace a template: the new text is a new active row, the old row stays, inactive.

        Args:
            template_id: The one to replace.
            text: The new text; None keeps the old.
            negative: The new negative prompt; None keeps the old.
            origin: Who wrote the new one.

        Raises:
            InputError: There is no such template.
        """
        with self.transaction():
            old = self.template(template_id)
            self.set_template_active(old.id, active=False)
            return self._add_template(
                old.class_id,
                old.text if text is None else text,
                old.negative if negative is None else negative,
                origin,
                replaces=old.id,
            )

    def set_template_active(self, template_id: int, active: bool) -> None:
        """Let a template be used for new pictures, or not.

        Raises:
            InputError: There is no such template.
        """
        with self.transaction() as connection:
            template = self.template(template_id)
            connection.execute("UPDATE template SET active = ? WHERE id = ?", (int(active), template.id))

    def _add_template(
        self, class_id: int, text: str, negative: str, origin: TemplateOrigin, replaces: int | None
    ) -> Template:
        with self.transaction() as connection:
            row_id = connection.execute(
                "INSERT INTO template (class_id, text, negative, origin, active, created_at, replaces)"
                " VALUES (?, ?, ?, ?, 1, ?, ?)",
                (int(class_id), text, negative, origin, now(), replaces),
            ).lastrowid
            return self.template(int(row_id or 0))


def _template(row: sqlite3.Row) -> Template:
    return Template(**{**dict(row), "active": bool(row["active"])})
