"""What a gallery holds: published trails, as plain values."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.editing.gallery.words import searchable
from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 10_000
_OWN = ("id", "author", "public", "created", "likes", "liked")
"""What is kept beside the record, because it is searched for or changes by itself."""


@dataclass(frozen=True)
class Step:
    """One edit of a trail, as it was made.

    Attributes:
        instruction: what the person wrote.
        picture: key of the picture that came of it.
        action: what kind of edit: "recolour", "insert", …
        editor: the editor that made it.
        revision: which weights exactly.
        prompt: the text that the editor was given.
        negative: what it was told to avoid.
        source: a caption of the picture before.
        target: a caption of the picture after.
        seed: of the editor's randomness.
        sliders: where the person's sliders stood, 0 … 1: steps, text_influence, picture_influence.
        parameters: the model's own settings, exactly.
        mask: key of the mask (white may change), or None.
        reference: key of the reference picture, or None.
    """

    instruction: str
    picture: str
    action: str = ""
    editor: str = ""
    revision: str = ""
    prompt: str = ""
    negative: str = ""
    source: str = ""
    target: str = ""
    seed: int | None = None
    sliders: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    mask: str | None = None
    reference: str | None = None

    @property
    def picture_keys(self) -> tuple[str, ...]:
        """The keys of all its pictures."""
        return tuple(key for key in (self.picture, self.mask, self.reference) if key is not None)


@dataclass(frozen=True)
class Trail:
    """A picture and the steps that were taken from it, with the pictures themselves.

    Attributes:
        picture: key of the picture that the first step changed.
        steps: in order; at least one.
        pictures: every picture that is named, by its key.
        subject: what the first picture shows: its class, or a caption.
    """

    picture: str
    steps: tuple[Step, ...]
    pictures: Mapping[str, Image.Image] = field(repr=False)
    subject: str = ""

    @property
    def picture_keys(self) -> tuple[str, ...]:
        """The keys of all pictures, each once."""
        return tuple(
            dict.fromkeys([self.picture, *(key for step in self.steps for key in step.picture_keys)])
        )

    def renamed(self, names: Mapping[str, str]) -> tuple[str, tuple[Step, ...]]:
        """The first picture's key and the steps, with other keys."""

        def renamed(key: str | None) -> str | None:
            return None if key is None else names[key]

        steps = tuple(
            dataclasses.replace(
                step, picture=names[step.picture], mask=renamed(step.mask), reference=renamed(step.reference)
            )
            for step in self.steps
        )
        return names[self.picture], steps


@dataclass(frozen=True)
class Entry:
    """A published trail. Its pictures are in the gallery, under these keys (`Gallery.image`).

    Attributes:
        id: its name in the gallery.
        title: what it is called.
        description: what is said about it.
        author: who published it; "" for nobody in particular.
        public: whether it is part of the static site.
        created: when it was published, UTC, ISO 8601.
        picture: key of the picture that the first step changed.
        steps: in order.
        subject: what the first picture shows.
        likes: how many people like it.
        liked: whether the reader does.
    """

    id: str
    title: str
    description: str
    author: str
    public: bool
    created: str
    picture: str
    steps: tuple[Step, ...]
    subject: str = ""
    likes: int = 0
    liked: bool = False

    @property
    def result(self) -> str:
        """Key of the last step's picture."""
        return self.steps[-1].picture

    @property
    def picture_keys(self) -> tuple[str, ...]:
        """The keys of all its pictures, each once."""
        return Trail(self.picture, self.steps, {}).picture_keys

    def words(self) -> str:
        """What it is found by."""
        said = [self.title, self.description, self.author, self.subject]
        for step in self.steps:
            said += [step.instruction, step.prompt, step.source, step.target, step.action, step.editor]
        return searchable(*said)

    def to_json(self) -> dict[str, Any]:
        """All of it, of JSON values."""
        return dataclasses.asdict(self) | {"steps": [dataclasses.asdict(step) for step in self.steps]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Entry:
        """The entry that `to_json` wrote. What a newer version added is left out."""
        steps = tuple(Step(**_known(Step, step)) for step in values["steps"])
        return cls(**{**_known(cls, values), "steps": steps})

    def record(self) -> str:
        """JSON text of what a gallery keeps as it is: all but what has a column of its own.

        Raises:
            InputError: a step holds something JSON has no word for.
        """
        kept = {name: value for name, value in self.to_json().items() if name not in _OWN}
        return json_text(kept)

    @classmethod
    def from_record(cls, record: str, **own: Any) -> Entry:
        """The entry of a record and what is kept beside it."""
        return cls.from_json({**json.loads(record), **own})


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in dataclasses.fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def json_text(value: Any) -> str:
    """JSON that every program reads: without NaN and infinity.

    Raises:
        InputError: the value holds something JSON has no word for.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"expected a trail of JSON values (dict, list, str, finite number, bool, None): {error}."
            " Convert it first."
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"found a {type(value).__name__}")
