"""Prompt strategies in a session: a prompt for each of many classes, by a rule."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datacrafter_widget.errors import ModelError
from datacrafter_widget.generation.retrieval import read_captions
from datacrafter_widget.generation.strategies import STRATEGIES, TemplateDraft, find_strategy, make
from datacrafter_widget.session.core import Core
from datacrafter_widget.session.label_views import label_members

_log = logging.getLogger(__name__)


class Strategies(Core):
    """What `Session` does with prompt strategies."""

    @property
    def strategies(self) -> list[dict[str, Any]]:
        """The prompt strategies (GenBench, Sec. 2.3): name, title, and a line on what each does."""
        return [asdict(strategy) for strategy in STRATEGIES]

    def use_strategy(
        self,
        name: str,
        classes: str | int | Iterable[str | int] | None = None,
        *,
        replace: bool = True,
        captions: Iterable[str] | str | Path | None = None,
        kind: str = "",
    ) -> list[int]:
        """Give classes a prompt by a rule, one each; one undo takes all of them back.

        Category enhancement has its sentences from the session's language model, and else from the content
        labels. Negative prompts name the classes that the encoder finds most similar.

        Args:
            name: ``"ST"`` (simple), ``"DT"`` (defined), ``"CE"`` (category enhancement), ``"RD"`` (restrictive),
                ``"NP"`` (negative) or ``"RA"`` (retrieval); see `strategies`.
            classes: names or ids; all classes by default.
            replace: put the new prompts in the place of those in use; without, they are added.
            captions: for ``"RA"``: texts, or a UTF-8 file with one a line. By default the captions that the
                session's own pictures got by ``session.label("language")``.
            kind: what all these classes are, such as ``"bird"``: prompts then say "a type of bird".

        Returns:
            The ids of the new templates, in the order of the classes.

        Raises:
            InputError: an unknown strategy or class, or (RA) a class that no caption fits.
            ModelError: the encoder can't be loaded.
        """
        self._writable()
        drafts = self.strategy_templates(name, classes, captions=captions, kind=kind)
        rows = self._class_rows(classes)
        with self._lock, self._store.transaction():
            in_use = [each.id for row in rows for each in self._store.templates(class_id=row.id)]
            new = [
                self._store.add_template(
                    row.id, drafts[row.word].text, negative=drafts[row.word].negative, origin="user"
                ).id
                for row in rows
            ]
            self._history.do("swap_templates", {"old_ids": in_use if replace else [], "new_ids": new})
        return new

    def strategy_templates(
        self,
        name: str,
        classes: str | int | Iterable[str | int] | None = None,
        *,
        captions: Iterable[str] | str | Path | None = None,
        kind: str = "",
    ) -> dict[str, TemplateDraft]:
        """The prompts that `use_strategy` would give, by the classes' words; nothing is changed.

        Args:
            name: see `use_strategy`.
            classes: see `use_strategy`.
            captions: see `use_strategy`.
            kind: see `use_strategy`.

        Raises:
            InputError: as `use_strategy`.
            ModelError: as `use_strategy`.
        """
        name = find_strategy(name).name
        words = [row.word for row in self._class_rows(classes)]
        material: dict[str, Any] = {"all_classes": [row.word for row in self.classes], "kind": kind}
        if name in ("NP", "RA"):
            material["encode_texts"] = self._models.encoder.encode_texts
        if name == "RA":
            given = read_captions(captions) if isinstance(captions, str | Path) else captions
            material["captions"] = self._own_captions() if given is None else given
        if name == "CE":
            material["labels"] = self._labels_of_classes()
            if self._models.language is not None:
                try:
                    drafts = make(name, words, language=self._models.language, **material)
                except ModelError as error:
                    self._sentences_failed(error)
                else:
                    self._models.language_failed(None)
                    return drafts
        return make(name, words, **material)

    def _own_captions(self) -> dict[str, list[str]]:
        """Captions of the visible pictures, by the word of their class."""
        texts = self._observer.captions.texts()
        words = {row.id: row.word for row in self.classes}
        found: dict[str, list[str]] = defaultdict(list)
        for picture in self._store.pictures():
            if picture.id in texts:
                found[words[picture.class_id]].append(texts[picture.id])
        return found

    def _labels_of_classes(self) -> dict[str, list[str]]:
        """Content labels of the visible pictures, by the word of their class, the most frequent first."""
        columns = self._store.picture_columns()
        class_of = dict(zip(columns.ids.tolist(), columns.class_ids.tolist(), strict=True))
        members = label_members(self._store)
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        for label in self._store.labels():
            for picture_id in members.get(label.id, ()):
                counts[class_of[picture_id]][label.text] += 1
        return {
            row.word: [text for text, _ in counts[row.id].most_common()]
            for row in self.classes
            if counts[row.id]
        }

    def _sentences_failed(self, error: ModelError) -> None:
        message = f"sentences come from the content labels instead: {error}"
        _log.warning(message)
        self._models.language_failed(str(error))
        self.events.emit("warning", where="prompts", message=message)
