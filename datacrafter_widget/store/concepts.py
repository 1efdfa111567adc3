"""Concepts that generators were taught: a row each, and a folder for their files."""

import json
import shutil
from pathlib import Path
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.concepts import ConceptKind, token_name
from datacrafter_widget.store.base import StoreBase, now, to_json
from datacrafter_widget.store.records import ConceptRow, ConceptState

CONCEPTS_NAME = "concepts"


class ConceptTable(StoreBase):
    """A concept's row is written before its training begins, so that a crash leaves a training to resume."""

    def add_concept(
        self,
        token: str,
        class_id: int | None,
        *,
        kind: ConceptKind,
        words: str,
        settings: dict[str, Any],
        model: str,
        model_revision: str | None = None,
    ) -> ConceptRow:
        """Write down that a model is being taught a concept; its state is "training".

        Args:
            token: Its token, such as ``<crane-1>``.
            class_id: The class that it is of, if any.
            kind: How it is taught.
            words: What a prompt has in the token's place.
            settings: Of the training, of JSON values.
            model: What the user called the model.
            model_revision: Which weights exactly, where that is known yet.

        Raises:
            InputError: The token is taken or no token, or there is no such class.
        """
        token_name(token)
        with self.transaction() as connection:
            if any(concept.token == token for concept in self.concepts()):
                raise InputError(f"expected a new token, but {token} is taken. Choose another one.")
            connection.execute(
                "INSERT INTO concept (token, class_id, kind, words, settings, model, model_revision, state,"
                " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'training', ?)",
                (token, class_id, kind, words, to_json(settings, "settings"), model, model_revision, now()),
            )
            return self.concept(token)

    def concept(self, token: str) -> ConceptRow:
        """One concept, by its token.

        Raises:
            InputError: There is no such concept.
        """
        found = {concept.token: concept for concept in self.concepts()}
        if token not in found:
            known = ", ".join(found) or "none yet"
            raise InputError(f"expected the token of a concept of this session ({known}), found {token!r}.")
        return found[token]

    def concepts(self) -> list[ConceptRow]:
        """All concepts, oldest first."""
        rows = self._rows("SELECT * FROM concept ORDER BY id")
        return [ConceptRow(**{**dict(row), "settings": json.loads(row["settings"])}) for row in rows]

    def update_concept(
        self, token: str, *, state: ConceptState | None = None, model_revision: str | None = None
    ) -> None:
        """Say how far a concept is, and which weights it was taught; None: as it was.

        Raises:
            InputError: There is no such concept or state.
        """
        with self.transaction() as connection:
            connection.execute(
                "UPDATE concept SET state = coalesce(?, state), model_revision = coalesce(?, model_revision)"
                " WHERE id = ?",
                (state, model_revision, self.concept(token).id),
            )

    def forget_concept(self, token: str) -> None:
        """Remove a concept's row and its files, and free its token.

        Raises:
            InputError: There is no such concept.
        """
        with self.transaction() as connection:
            connection.execute("DELETE FROM concept WHERE id = ?", (self.concept(token).id,))
        shutil.rmtree(self.concept_folder(token), ignore_errors=True)

    def concept_folder(self, token: str) -> Path:
        """Where the files of a concept are, or would be."""
        return self.folder / CONCEPTS_NAME / token_name(token)
