"""The verb `tune`: teach the generator what a class looks like."""

from collections.abc import Iterable

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.english import correct_articles
from datacrafter_widget.jobs import Job
from datacrafter_widget.models.concepts import ConceptKind, free_token
from datacrafter_widget.models.tuning import TuningSettings
from datacrafter_widget.session.core import Core
from datacrafter_widget.store.records import ClassRow, ConceptRow


class Tuning(Core):
    """What `Session` does with learned concepts."""

    @property
    def concepts(self) -> list[ConceptRow]:
        """What was learned, or is being learned: oldest first, each with its token and state."""
        return self._store.concepts()

    def tune(
        self,
        class_: str | int,
        method: ConceptKind = "textual_inversion",
        *,
        pictures: Iterable[int] | None = None,
        steps: int | None = None,
        learning_rate: float | None = None,
        token: str | None = None,
        seed: int | None = None,
        batch_size: int = 2,
        prior_preservation: bool = False,
    ) -> Job[str]:
        """Teach the generator what pictures of a class look like, in the background.

        Prompts then name it by its token: ``session.add_template("crane", "a photo of a <crane-1>")``. The
        training keeps checkpoints: one that a crash or a restart cut off goes on with `resume`, a cancelled
        one with `resume_tuning`.

        Args:
            class_: name or id.
            method: ``"textual_inversion"`` learns a new word (a small file, the model stays as it is);
                ``"lora"`` also changes how the model draws (DreamBooth with LoRA): closer to the pictures,
                less free.
            pictures: ids of the pictures to learn from, three or more; by default the class's originals that
                are not removed.
            steps: of the training; by default 1,000 for a word, 500 for a LoRA.
            learning_rate: by default what suits the method.
            token: its name in prompts; by default the class's word and a number, such as ``<crane-1>``.
            seed: same seed, same result on the same machine; by default the session's.
            batch_size: pictures a step.
            prior_preservation: LoRA only: also train on pictures of the class as the model draws them, so
                that the class's own word keeps its meaning. Takes twice the time.

        Returns:
            A job whose result is the token.

        Raises:
            InputError: an unknown class, fewer than three pictures, pictures too small for textual inversion
                (32 pixels or fewer), a token that is taken or not of the form ``<…>``, or a number out of range.
        """
        self._writable()
        (row,) = self._class_rows(class_)
        ids = self._originals(row) if pictures is None else self._known(pictures)
        if prior_preservation and method != "lora":
            raise InputError(
                "prior_preservation: expected method='lora' with it; a new word changes no other"
            )
        with self._lock:
            taken = {concept.token: concept for concept in self.concepts}
            if token in taken and taken[token].state == "cancelled":
                raise InputError(
                    f"{token} is taken by a cancelled training: go on with session.resume_tuning({token!r}),"
                    " or choose another token"
                )
            settings = TuningSettings.usual(
                method,
                token=free_token(row.word, taken) if token is None else token,
                word=row.word,
                size=0,  # the generator's, when it is loaded
                steps=steps,
                learning_rate=learning_rate,
                seed=self._seed_for(len(taken)) if seed is None else seed,
                batch_size=batch_size,
                prior_prompt=correct_articles(f"a photo of a {row.word}") if prior_preservation else "",
            )
            self._teacher.open(row.id, settings, ids)
        self.events.emit("concepts")
        return self._learn(settings.token)

    def resume_tuning(self, token: str) -> Job[str]:
        """Go on with a cancelled training where it stopped, with its own settings.

        Raises:
            InputError: there is no such concept, or its training was not cancelled.
        """
        self._writable()
        with self._lock:
            concept = self._store.concept(token)
            if concept.state != "cancelled":
                raise InputError(f"expected a token whose training was cancelled; {token} is {concept.state}")
            self._store.update_concept(token, state="training")
        self.events.emit("concepts")
        return self._learn(token)

    def _tuning_unfinished(self) -> bool:
        """Whether a crash or a restart cut a training off."""
        return bool(self._teacher.unfinished())

    def _go_on_tuning(self) -> Job[str]:
        """Finish the trainings that were cut off, in a job each; the last one's."""
        return [self._learn(token) for token in self._teacher.unfinished()][-1]

    def _learn(self, token: str) -> Job[str]:
        self._teacher.begin(token)
        return self._submit(
            lambda job: self._teacher.run(job, token),
            f"Learn {token}",
            kind="tune",
            at_end=lambda: self._teacher.leave(token),
        )

    def _originals(self, row: ClassRow) -> list[int]:
        return [picture.id for picture in self._store.pictures(class_ids=[row.id], origin="original")]

    def _seed_for(self, number: int) -> int:
        seed = self._store.get_meta("settings", {}).get("seed", 0)
        return int(np.random.SeedSequence([seed, 5, number]).generate_state(1)[0])
