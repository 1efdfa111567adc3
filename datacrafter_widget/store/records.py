"""The rows of a session as frozen dataclasses.

Ids are positive integers (SQLite rowids). Times are ISO 8601 strings in UTC, such as
``2025-06-01T12:00:00.000Z``.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Origin = Literal["original", "generated"]
TemplateOrigin = Literal["default", "user", "proposal"]
JobState = Literal["queued", "open", "done", "cancelled"]
ProposalState = Literal["running", "open", "accepted", "rejected", "withdrawn"]
Side = Literal["before", "after"]
PositionKind = Literal["picture", "label"]
BoxSource = Literal["given", "pseudo"]
FlagKind = Literal["nan", "unsafe", "blank", "duplicate", "near_duplicate", "near_original"]
CostPurpose = Literal["pictures", "proxies", "tuning", "edits"]
HeldOutRole = Literal["validation", "test"]
ConceptState = Literal["training", "ready", "cancelled"]
SuggestionState = Literal["running", "open", "collecting", "taken", "rejected", "withdrawn"]
EditState = Literal["running", "open", "chosen", "declined", "withdrawn"]


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class of the data set: its display name, and the word that ``{class}`` becomes in a prompt."""

    id: int
    name: str
    word: str
    position: int


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt template of one class. An edit makes a new row (``replaces`` names the old one)."""

    id: int
    class_id: int
    text: str
    negative: str
    origin: TemplateOrigin
    active: bool
    created_at: str
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything needed to make a generated picture again. ``width`` and ``height`` are those asked for."""

    template_id: int | None
    template: str
    prompt: str
    negative_prompt: str
    seed: int
    parent_id: int | None
    strength: float | None
    guidance_scale: float
    num_inference_steps: int
    width: int
    height: int
    model: str
    model_revision: str | None
    batch_size: int | None
    perturbation: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An original or a generated picture; ``iteration`` is the generation round, 0 for originals."""

    id: int
    sha256: str
    class_id: int
    origin: Origin
    source: str | None
    width: int
    height: int
    iteration: int
    hidden: bool
    flagged: bool
    created_at: str
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPicture:
    """One picture that a generation job is to make.

    A draft (before `Store.create_job`) leaves ``id`` and ``job_id`` at 0; ``picture_id`` is None until it is
    made. An empty ``perturbation`` is recorded as "image2image" when there is a parent, else "text2image".
    """

    id: int = 0
    job_id: int = 0
    index: int
    class_id: int
    template_id: int | None = None
    template: str
    prompt: str
    negative_prompt: str = ""
    seed: int
    parent_id: int | None = None
    strength: float | None = None
    guidance_scale: float
    num_inference_steps: int
    width: int
    height: int
    perturbation: str = ""
    picture_id: int | None = None


@dataclass(frozen=True, slots=True)
class FlagDraft:
    """What is wrong with a picture that is about to be stored.

    ``of_id`` is the picture that it is a copy of, or ``of_position`` its place in the same batch. ``score``
    is how alike the two are, at most 1.
    """

    kind: FlagKind
    score: float | None = None
    of_id: int | None = None
    of_position: int | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """Why a picture stays out of the export; kind "user" where a person said so."""

    picture_id: int
    kind: FlagKind | Literal["user"]
    of_id: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of a model's work took. ``joules`` is None where it is not known, never 0."""

    id: int
    iteration: int
    job_id: int | None
    purpose: CostPurpose
    pictures: int
    seconds: float
    joules: float | None
    device: str
    created_at: str


@dataclass(frozen=True, slots=True)
class GenerationJob:
    """A generation round's plan. One that is still "open" after a crash can be resumed."""

    id: int
    iteration: int
    created_at: str
    settings: dict[str, Any]
    state: JobState


@dataclass(frozen=True, slots=True)
class Action:
    """A thing the user did, in the order done; ``undone`` ones can be redone until a new action is logged."""

    id: int
    kind: str
    payload: dict[str, Any]
    undone: bool
    created_at: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A recommended template that waits for accept or reject; ``before_ids``/``after_ids`` are proxy refs.

    ``feedback`` is what the user said, ``report`` what the search found out, both of JSON values.
    """

    id: int
    class_id: int
    template_id: int | None
    text: str
    negative: str
    score_before: float | None
    score_after: float | None
    explanation: list[str]
    feedback: dict[str, Any]
    report: dict[str, Any]
    before_ids: list[int]
    after_ids: list[int]
    state: ProposalState
    created_at: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What should come next for a class, in words; ``text`` is empty while it is looked for ("running").

    ``asked`` says how it is to be found, ``report`` what was found out, both of JSON values. ``template_id`` is
    the prompt that was made of it, ``folder`` where pictures of it are collected, below the session's folder.
    """

    id: int
    class_id: int
    asked: dict[str, Any]
    text: str
    report: dict[str, Any]
    template_id: int | None
    folder: str | None
    state: SuggestionState
    created_at: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One wish on one picture; "running" until its candidates are there.

    ``picture_id`` is what the trail begins with, ``before_id`` the step before and ``from_id`` what was chosen of it.
    ``asked`` says how it is to be done, ``report`` what was understood, ``feedback`` what the person said, all of JSON
    values. ``mask`` and ``reference`` are contents of picture files. ``revealed``: the person has seen who made what;
    ``aside``: the person went back to before it. ``accepted_id`` is what it became in the data set.
    """

    id: int
    picture_id: int
    before_id: int | None
    from_id: int | None
    instruction: str
    asked: dict[str, Any]
    report: dict[str, Any]
    mask: str | None
    reference: str | None
    chosen_id: int | None
    feedback: dict[str, Any]
    accepted_id: int | None
    revealed: bool
    aside: bool
    state: EditState
    created_at: str


@dataclass(frozen=True, slots=True)
class EditCandidate:
    """What one editor made, or is to make, of an edit; ``place`` is a random one among the edit's candidates.

    ``text`` is the instruction in the editor's form. ``sha256`` is None while it is not made, and where it is no good:
    ``problem`` says why then. ``parameters`` are the model's own settings, of JSON values.
    """

    id: int
    edit_id: int
    place: int
    editor: str
    text: str
    seed: int
    revision: str | None
    parameters: dict[str, Any]
    sha256: str | None
    problem: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class ConceptRow:
    """What a model was taught for a token, or is being taught; ``words`` is what a prompt has in its place."""

    id: int
    token: str
    class_id: int | None
    kind: Literal["textual_inversion", "lora"]
    words: str
    settings: dict[str, Any]
    model: str
    model_revision: str | None
    state: ConceptState
    created_at: str


@dataclass(frozen=True, slots=True)
class Label:
    """A content label."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One point of a metric's line; ``class_id`` is None for the whole data set."""

    iteration: int
    class_id: int | None
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Box:
    """Where an object is: upper left corner and size in pixels of the stored picture.

    A "given" box comes from the user's data, a "pseudo" one from a detector; ``score`` is the detector's.
    """

    picture_id: int
    class_id: int
    x: float
    y: float
    width: float
    height: float
    score: float | None = None
    source: BoxSource = "given"


@dataclass(frozen=True, slots=True)
class HeldOutPicture:
    """A picture that only measures: nothing is trained on it, and nothing generated from it.

    The ``picture_id`` of its boxes is 0: it is no row of the pictures.
    """

    id: int
    role: HeldOutRole
    sha256: str
    class_id: int
    source: str | None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A kept result; ``key`` is a hash of all that it depends on."""

    id: int
    kind: str
    key: str
    settings: dict[str, Any]
    result: dict[str, Any]
    created_at: str


class PictureColumns(NamedTuple):
    """What a map needs of all pictures, as arrays (N,) sorted by id: far cheaper than N `Picture` rows."""

    ids: NDArray[np.int64]
    class_ids: NDArray[np.int64]
    generated: NDArray[np.bool_]
    iterations: NDArray[np.int64]
    hidden: NDArray[np.bool_]
    flagged: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp] | slice) -> "PictureColumns":
        """Some of the rows."""
        return PictureColumns(
            self.ids[rows],
            self.class_ids[rows],
            self.generated[rows],
            self.iterations[rows],
            self.hidden[rows],
            self.flagged[rows],
        )


class ClassCounts(NamedTuple):
    """Pictures of a class: visible originals, visible generated ones, and hidden ones of either kind."""

    originals: int
    generated: int
    hidden: int


class AddedOriginal(NamedTuple):
    """What became of an original: stored (``new``), or the same content was there already as ``picture``."""

    picture: Picture
    new: bool
    boxes: int = 0
    """Boxes that were stored with it."""
