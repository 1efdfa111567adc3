"""What is asked of a personalisation, and what each of its rounds found: plain records, of JSON values.

Zhang et al. (MM 2024), Algorithm 1. A sample is one generated picture of an anchor; its id is
`anchor * samples + number`, the same in every round.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from datacrafter_widget.active import openness
from datacrafter_widget.active.anchors import KINDS, Anchor, Kind, beside_text, reference_prompt
from datacrafter_widget.errors import InputError

Select = Literal["uncertainty", "random", "human"]
MOST_ROUNDS = 4


@dataclass(frozen=True)
class PersonalizeSettings:
    """A personalisation, beside the training of its rounds.

    Attributes:
        kind: "object" or "style".
        word: what the subject is a kind of, such as "dog".
        beside: what the given pictures show that is not the subject: where an object is ("on a wooden table"), or
            the thing that is drawn in a style ("a cat").
        anchors: the directions to practise.
        rounds: how often to train, 1 to 4; 1 is plain DreamBooth.
        samples: pictures to generate of each anchor, the paper's m.
        top: anchors to pick a picture of after each round, the paper's k.
        weight_scale: how much the picked pictures count, the paper's lambda (see `openness`); None: as much as
            given ones, whatever the openness.
        select: "uncertainty" (Sec. 3.2), "random", or "human": a person picks too, or instead.
        seed: of everything random.
        named: whether the given pictures' prompt says what is beside the subject (Algorithm 1 there). What a prompt
            says is less learned with the subject; without, it is only tested for.
    """

    kind: Kind
    word: str
    beside: str
    anchors: tuple[Anchor, ...]
    rounds: int = MOST_ROUNDS
    samples: int = 10
    top: int = 3
    weight_scale: float | None = 0.005
    select: Select = "uncertainty"
    seed: int = 0
    named: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.select not in get_args(Select):
            raise InputError(
                'expected the kind "object" or "style", and select "uncertainty", "random" or "human", found'
                f" {self.kind!r} and {self.select!r}"
            )
        if not self.beside.strip():
            raise InputError(
                "beside: expected what the pictures show that is not the subject, such as 'on a wooden table' or,"
                " for a style, 'a cat'; found nothing"
            )
        for name, most in (("rounds", MOST_ROUNDS), ("samples", 100), ("top", len(self.anchors))):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise InputError(f"{name}: expected a whole number of 1 to {most}, found {value!r}")
        openness.openness([], self.weight_scale or 0.0)

    @property
    def beside_text(self) -> str:
        """What Eq. 8 compares the samples with."""
        return beside_text(self.kind, self.word, self.beside)

    @property
    def reference_prompt(self) -> str:
        """The prompt of the given pictures, with "{}" for the token."""
        return reference_prompt(self.kind, self.beside if self.named else "")

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self) | {"anchors": [asdict(anchor) for anchor in self.anchors]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(**(values | {"anchors": tuple(Anchor(**each) for each in values["anchors"])}))


@dataclass(frozen=True)
class Round:
    """What the generator drew after one training, and what was picked of it for the next.

    Attributes:
        number: of the training, from 1.
        pool: the anchors that it drew, by their numbers.
        overfitted: for each of them, which samples are (Eq. 8).
        faithful: for each of them, how well each sample shows it.
        openness: what each picked sample counts in the trainings after this one (Eq. 9); a given picture counts 1.
        proposed: ids of the samples that the rule picks.
        chosen: ids of the samples that are picked; None: a person is still to say.
        over: whether there is too little left to explore (Eq. 10); a person says so by choosing nothing.
    """

    number: int
    pool: tuple[int, ...]
    overfitted: tuple[tuple[bool, ...], ...]
    faithful: tuple[tuple[float, ...], ...]
    openness: float
    proposed: tuple[int, ...]
    chosen: tuple[int, ...] | None
    over: bool

    @property
    def overfit_share(self) -> float:
        """The share of all samples that are overfitted, 0 … 1."""
        return float(np.mean(self.overfitted))

    @property
    def uncertainties(self) -> npt.NDArray[np.float64]:
        """Of the pool's anchors, (A,); Eq. 6."""
        return openness.uncertainty(self.overfitted)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """What `asdict` and JSON made of one."""
        tuples = {name: tuple(values[name]) for name in ("pool", "proposed")}
        tables = {name: tuple(tuple(row) for row in values[name]) for name in ("overfitted", "faithful")}
        chosen = None if values["chosen"] is None else tuple(values["chosen"])
        return cls(**(values | tuples | tables | {"chosen": chosen}))

    def with_choice(self, ids: Iterable[int], samples: int, *, instead: bool = False) -> Self:
        """A person's choice: on top of the proposed samples, or instead of them.

        Args:
            ids: of samples of this round.
            samples: how many there are of each anchor.
            instead: leave the proposed ones out.

        Raises:
            InputError: ids that are none of this round's.
        """
        given = list(ids)
        strangers = [
            each
            for each in given
            if not isinstance(each, int | np.integer) or int(each) // samples not in self.pool
        ]
        if strangers:
            raise InputError(f"expected ids of this round's samples, found {strangers[:10]}; see .candidates")
        picked = (int(each) for each in given)
        return replace(self, chosen=tuple(dict.fromkeys([*(() if instead else self.proposed), *picked])))


def judge(
    number: int,
    pool: Sequence[int],
    samples: npt.NDArray[np.float32],
    anchors: npt.NDArray[np.float32],
    beside: npt.NDArray[np.float32],
    settings: PersonalizeSettings,
) -> Round:
    """Look at what a round drew, and pick of it.

    Args:
        number: the round.
        pool: numbers of the anchors drawn, A.
        samples: features of the samples, (A, m, D).
        anchors: text features of the pool's directions, (A, D).
        beside: text features of what is beside the subject, (D,).
        settings: of the personalisation.
    """
    flags = openness.overfit_flags(samples, anchors, beside)
    faithful = openness.faithfulness(samples, anchors)
    unsure = openness.uncertainty(flags)
    if settings.select == "random":
        rng = np.random.default_rng([settings.seed, 11, number])
        rows = rng.permutation(len(pool))[: settings.top].tolist()
        picked = [(row, int(rng.integers(settings.samples))) for row in rows]
        over = len(pool) < settings.top
    else:
        picked = [(row, int(faithful[row].argmax())) for row in openness.most_uncertain(unsure, settings.top)]
        over = settings.select == "uncertainty" and openness.is_over(unsure, settings.top)
    proposed = tuple(pool[row] * settings.samples + sample for row, sample in picked)
    scale = settings.weight_scale
    return Round(
        number=number,
        pool=tuple(pool),
        overfitted=tuple(tuple(row) for row in flags.tolist()),
        faithful=tuple(tuple(row) for row in faithful.round(5).tolist()),
        openness=1.0 if scale is None else openness.openness(unsure, scale),
        proposed=proposed,
        chosen=None if settings.select == "human" else proposed,
        over=over,
    )


def next_pool(rounds: Sequence[Round], settings: PersonalizeSettings) -> list[int]:
    """The anchors that are left: chosen ones leave."""
    gone = {each // settings.samples for one in rounds for each in one.chosen or ()}
    return [number for number in range(len(settings.anchors)) if number not in gone]
