"""The verb `vary`: more pictures like one, by noise that is near its own."""

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.varying import beginning
from datacrafter_widget.jobs import Job
from datacrafter_widget.session.core import Core
from datacrafter_widget.session.generating import Asked

MOST_VARIATIONS = 1000


class Varying(Core):
    """What `Session` does with the seed of a picture."""

    def vary(
        self, picture_id: int, count: int = 8, *, strength: float = 0.35, seed: int | None = None
    ) -> Job[list[int]]:
        """Generate more pictures like one, in the background: its prompt, parent and settings, noise near its own.

        Each variation starts from the picture's own initial noise, turned towards noise of a fresh seed along the
        great circle through both ("variation seeds"). Variations can be varied in turn. They are stored, shown and
        resumed as any other round; their parent is the picture they vary.

        Args:
            picture_id: a generated picture.
            count: how many, 1 to 1,000.
            strength: how far the noise is turned: near 0 nearly the same picture, 1 an unrelated seed.
            seed: same seed, same variations; by default the session's and the iteration's.

        Returns:
            A job whose result is the ids of the new pictures.

        Raises:
            InputError: no such picture, an original, one that was made by guided imagination, or a number out of
                range.
        """
        self._writable()
        if not 1 <= count <= MOST_VARIATIONS:
            raise InputError(f"count: expected 1 to {MOST_VARIATIONS}, found {count}")
        if not 0 < strength <= 1:
            raise InputError(f"strength: expected a number above 0 and up to 1, found {strength}")
        if seed is not None and seed < 0:
            raise InputError(f"seed: expected 0 or more, found {seed}")
        beginning(self._store, picture_id)
        return self._generate(
            Asked(templates={}, per_class=count, seed=seed, strength=strength, varies=int(picture_id))
        )
