"""What an editor is: a picture and what is to change, in; the changed picture, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

Action = Literal["swap", "insert", "remove", "restyle", "recolour", "relight", "reorient", "global"]
"""What an edit does: another thing, one more, one fewer, another medium, colour, light or background, pose, or all."""

Use = Literal["never", "optional", "required"]


@dataclass(frozen=True)
class EditRequest:
    """One picture to change.

    Attributes:
        picture: RGB; what comes back has its size.
        instruction: what to change, as a person says it: "make the apple green".
        source: a caption of the picture as it is; "" where it is not known.
        target: a caption of the picture as it is to be; "" where it is not known.
        seed: of its own randomness, 0 … 2⁶³ - 1.
        mask: of the picture's size; white may change, black stays. None: everything may.
        reference: a picture of the thing or the style that is wanted, or None.
        steps: 0 … 1, from quick to careful.
        text_influence: 0 … 1, how closely the words are followed.
        picture_influence: 0 … 1, how much of the picture stays.
        negative: what to avoid; "" for nothing.
    """

    picture: Image.Image
    instruction: str
    source: str
    target: str
    seed: int
    mask: Image.Image | None = None
    reference: Image.Image | None = None
    steps: float = 0.5
    text_influence: float = 0.5
    picture_influence: float = 0.5
    negative: str = ""

    def __post_init__(self) -> None:
        for name in ("steps", "text_influence", "picture_influence"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                msg = f"{name}: expected 0 to 1, found {value!r}"
                raise InputError(msg)
        if self.mask is not None and self.mask.size != self.picture.size:
            msg = f"mask: expected the picture's size {self.picture.size}, found {self.mask.size}"
            raise InputError(msg)


@dataclass(frozen=True)
class Abilities:
    """What an editor can do.

    Attributes:
        reads: "instruction" ("make it green"), or "captions" of the picture before and after.
        actions: what it is good at, the best first.
        mask: whether it uses a mask.
        reference: whether it uses a reference picture.
    """

    reads: Literal["instruction", "captions"]
    actions: tuple[Action, ...]
    mask: Use = "never"
    reference: Use = "never"


@runtime_checkable
class Editor(Protocol):
    """What a session asks of an editor."""

    @property
    def name(self) -> str:
        """What the registry calls it."""

    @property
    def revision(self) -> str:
        """Which weights exactly: a commit or a content hash."""

    @property
    def device(self) -> str:
        """Where it runs."""

    @property
    def abilities(self) -> Abilities:
        """What it can do."""

    def parameters(self, request: EditRequest) -> dict[str, Any]:
        """The model's own settings that the plain sliders come to, of JSON values."""

    def edit(
        self, requests: Sequence[EditRequest], *, on_step: Callable[[int, int], object] | None = None
    ) -> list[Image.Image]:
        """Change one batch of pictures, each with its own randomness.

        Args:
            requests: what to do.
            on_step: called as `on_step(step, steps)`; an exception that it raises ends the work within that step.

        Returns:
            RGB pictures of the same sizes, in order. `picture_problem` says what is wrong with one.

        Raises:
            InputError: a request lacks what the editor requires.
            OutOfMemoryError: with the batch size to try.
            ModelError: the model can't be loaded or failed.
        """

    def release(self) -> None:
        """Give its memory back; the next `edit` loads it again."""
