"""What is asked of a training, and what suits each method."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.concepts import token_name

if TYPE_CHECKING:
    from datacrafter_widget.models.concepts import ConceptKind

MOST_STEPS = 100_000
_PER_PICTURE = ("prompts", "weights")
_LATER = ("full", "decay", *_PER_PICTURE)
# Textual inversion: 1,000 steps as in GenBench, Sec. 5; rates as the literature has them for each.
_STEPS: dict[ConceptKind, int] = {"textual_inversion": 1000, "lora": 500}
_LEARNING_RATES: dict[ConceptKind, float] = {"textual_inversion": 2e-3, "lora": 2e-4}


@dataclass(frozen=True)
class TuningSettings:
    """One training, whole: with the same settings, pictures and model it ends with the same file on the CPU.

    Attributes:
        method: "textual_inversion" (Gal et al. 2022) learns the vectors of a new word; "lora" (DreamBooth, Ruiz
            et al. 2023, with low-rank changes of the UNet's attention, Hu et al. 2022) also learns how it looks.
        token: the new concept's token, such as "<crane-1>".
        word: what it is a kind of: the class's word.
        size: pixels of a side at which it is trained; pictures are resized and cropped to it.
        steps: steps of the optimiser (AdamW).
        learning_rate: of the optimiser.
        seed: of everything random.
        batch_size: pictures a step.
        vectors: how many word vectors the token stands for (textual inversion).
        rank: of the low-rank matrices (LoRA).
        prior_prompt: what the pictures of prior preservation show, such as "a photo of a crane"; "" for none.
        prior_weight: of their loss.
        checkpoint_every: steps between two checkpoints.
        full: train all weights of the UNet as DreamBooth does, not low-rank changes of its attention ("lora" only);
            what was learned is then written as changes of that rank, at most.
        decay: lower the learning rate evenly, to nothing after the last step: what is learned is less rough.
        prompts: what the UNet is told of each picture ("lora" only); empty: "a photo of a" and the `words`, of all.
        weights: how much each picture counts beside the others: how often it is drawn; empty: all the same.
    """

    method: ConceptKind
    token: str
    word: str
    size: int
    steps: int
    learning_rate: float
    seed: int = 0
    batch_size: int = 2
    vectors: int = 1
    rank: int = 8
    prior_prompt: str = ""
    prior_weight: float = 1.0
    checkpoint_every: int = 50
    full: bool = False
    decay: bool = False
    prompts: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in _PER_PICTURE:  # JSON knows no tuples
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.method not in _STEPS:
            msg = f'method: expected "textual_inversion" or "lora", found {self.method!r}'
            raise InputError(msg)
        token_name(self.token)
        whole = {name: getattr(self, name) for name in ("steps", "batch_size", "vectors", "rank")}
        whole["checkpoint_every"] = self.checkpoint_every
        for name, value in whole.items():
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_STEPS:
                msg = f"{name}: expected a whole number of 1 to {MOST_STEPS}, found {value!r}"
                raise InputError(msg)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            msg = f"seed: expected a whole number of 0 to 2**63 - 1, found {self.seed!r}"
            raise InputError(msg)
        if not 0 < self.learning_rate < 1:
            msg = f"learning_rate: expected a number above 0 and below 1, found {self.learning_rate!r}"
            raise InputError(msg)
        if self.method != "lora" and (self.full or self.prompts):
            msg = 'full and prompts: expected method="lora" with them; a new word has its own sentences'
            raise InputError(msg)
        if not all(math.isfinite(weight) and weight >= 0 for weight in self.weights) or (
            self.weights and not any(self.weights)
        ):
            msg = f"weights: expected numbers of 0 or more, not all 0, found {list(self.weights)!r}"
            raise InputError(msg)

    @classmethod
    def usual(
        cls,
        method: ConceptKind,
        *,
        token: str,
        word: str,
        size: int,
        steps: int | None = None,
        learning_rate: float | None = None,
        **others: Any,
    ) -> Self:
        """Settings that suit the method, but for what is given.

        Raises:
            InputError: an unknown method, no token, or a number out of range.
        """
        return cls(
            method=method,
            token=token,
            word=word,
            size=size,
            steps=_STEPS.get(method, 1) if steps is None else steps,
            learning_rate=_LEARNING_RATES.get(method, 1e-3) if learning_rate is None else learning_rate,
            **others,
        )

    @property
    def words(self) -> str:
        """What the token becomes in a prompt that the pipeline gets."""
        # "sks" is DreamBooth's rare word: it means next to nothing before the training.
        return f"sks {self.word}" if self.method == "lora" else self.token

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `TuningSettings(**values)` reads them. What trainings of old don't have is left out."""
        values = asdict(self)
        for name in _PER_PICTURE:
            values[name] = list(values[name])
        return {name: value for name, value in values.items() if value or name not in _LATER}
