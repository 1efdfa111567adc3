"""The verb `personalize`: teach the generator one subject or style, and let it practise what it is unsure of."""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from datacrafter_widget.active.anchors import Anchor, Kind
from datacrafter_widget.active.personalize import Personalization
from datacrafter_widget.active.rounds import MOST_ROUNDS, Select
from datacrafter_widget.errors import InputError
from datacrafter_widget.jobs import Job
from datacrafter_widget.models.concepts import free_token
from datacrafter_widget.models.tuning import TuningSettings, check_pictures
from datacrafter_widget.session import practising
from datacrafter_widget.session.tuning import Tuning
from datacrafter_widget.store.decoding import decode
from datacrafter_widget.store.records import ClassRow

MOST_PICTURES = 10
_FULL_RANK = 64
_FULL_RATE = 5e-6
_FULL_STEPS: dict[Kind, int] = {"object": 800, "style": 500}
_THUMBNAIL = 96


@dataclass(frozen=True)
class Candidate:
    """A picture that a personalised generator drew of one of its anchors.

    Attributes:
        id: what `PersonalizingHandle.choose` takes.
        anchor: what it was asked to show, in words.
        overfitted: whether it shows what was beside the subject rather than that (Zhang et al. 2024, Eq. 8).
        faithful: similarity to the anchor, -1 … 1.
        proposed: whether the rule would learn from it.
    """

    id: int
    anchor: str
    overfitted: bool
    faithful: float
    proposed: bool


class PersonalizingHandle:
    """A personalisation that is not finished: what its last round drew, and the choice of what to learn from.

    Shown in a notebook it is a sheet of the pictures with their ids.

    Attributes:
        token: what it is going to be called in prompts.
        waiting: whether it is your turn: `choose`.
        round: how many rounds are over, of `rounds`.
        candidates: the pictures of the last round; none before the first is over.
    """

    def __init__(self, session: "Personalizing", token: str, rounds: Personalization | None) -> None:
        self._session = session
        self._rounds = rounds
        self.token = token
        done = rounds.rounds if rounds else []
        self.waiting = bool(rounds and rounds.waiting)
        self.round = len(done)
        self.rounds = rounds.settings.rounds if rounds else None
        self.candidates: list[Candidate] = _candidates(rounds) if rounds and done else []

    def image(self, candidate: int) -> Image.Image:
        """One candidate's picture.

        Raises:
            InputError: there is no such candidate.
        """
        if self._rounds is None or candidate not in {each.id for each in self.candidates}:
            raise InputError(
                f"expected the id of one of the {len(self.candidates)} candidates, found {candidate}"
            )
        return decode(self._rounds.sample_path(self.round, candidate))

    def choose(self, ids: Iterable[int] = (), *, instead: bool = False) -> Job[str]:
        """Go on, learning from these pictures too; without any, as the rule proposes.

        Args:
            ids: of candidates.
            instead: learn from these only, not also from the proposed ones. Without ids that ends the
                personalisation with what was learned so far.

        Returns:
            A job whose result is the token.

        Raises:
            InputError: it is not your turn, or there is no such candidate.
        """
        return self._session._choose_references(  # noqa: SLF001 - two halves
            self.token, ids, instead=instead, turn=self.round
        )

    def __repr__(self) -> str:
        state = "waits for .choose(ids)" if self.waiting else "at work"
        return f"<Personalisation {self.token}: {self.round} of {self.rounds} rounds, {state}>"

    def _repr_html_(self) -> str:
        rows: dict[str, list[str]] = {}
        for each in self.candidates:
            mark = "proposed" if each.proposed else "overfitted" if each.overfitted else ""
            rows.setdefault(each.anchor, []).append(
                f'<figure style="display:inline-block;margin:2px;text-align:center">'
                f'<img src="{_data_uri(self.image(each.id))}" alt="{html.escape(each.anchor)}">'
                f"<figcaption>{each.id} {mark}</figcaption></figure>"
            )
        body = "".join(f"<h4>{html.escape(name)}</h4>{''.join(cells)}" for name, cells in rows.items())
        return f"<div><p>{html.escape(repr(self)[1:-1])}</p>{body}</div>"


class Personalizing(Tuning):
    """What `Session` does with single subjects and styles."""

    def personalize(
        self,
        pictures: Iterable[int | str | Path | Image.Image],
        *,
        kind: Kind = "object",
        class_: str | int | None = None,
        beside: str | None = None,
        anchors: Iterable[str | Anchor] | str | None = None,
        rounds: int = MOST_ROUNDS,
        samples: int = 10,
        top: int = 3,
        weight_scale: float | None = 0.005,
        select: Select = "uncertainty",
        full: bool = False,
        steps: int | None = None,
        learning_rate: float | None = None,
        batch_size: int = 2,
        token: str | None = None,
        seed: int | None = None,
    ) -> Job[str]:
        """Teach the generator one subject or style from a few pictures, in rounds, in the background.

        Generative active learning (Zhang et al. 2024): DreamBooth on the pictures; then the generator draws the
        subject in many places (or many things in the style), and the best pictures of the directions that it is
        least sure of are learned from as well. What it draws meanwhile is kept beside the session's pictures, not
        among them. One that a crash cut off goes on with `resume`, a cancelled one with `resume_tuning`.

        Args:
            pictures: three to ten: ids of the session's, paths, or PIL images.
            kind: ``"object"`` or ``"style"``.
            class_: name or id of the class whose word says what the subject is, or what the pictures in the style
                show; by default that of the session's pictures. Needed for others.
            beside: what the pictures show that is not the subject: where it is (``"on a wooden table"``), or, for
                a style, what is drawn (``"a cat"``). The generator must not learn that with the subject: samples
                are tested for it, and the pictures' prompt says it. By default they are tested for what the
                encoder sees (for a style the class's word), and the prompt is silent.
            anchors: places for an object (``["on a rooftop"]``) or things for a style (``["a teacup"]``) to
                practise; ``"labels"`` draws them from the session's content labels; by default 18 usual ones.
            rounds: trainings, 1 to 4; 1 is plain DreamBooth. It may be over earlier (Eq. 10).
            samples: pictures to draw of each anchor in each round.
            top: anchors to learn a picture of after each round.
            weight_scale: lambda of Eq. 9. A picture that was generated counts lambda times the mean uncertainty,
                which is 0.69 at most; a given one counts 1. The paper's 0.005 makes that 0.35 % at most; its
                released code has 0.0035 for objects and 1.0 for styles. None: as much as given ones.
            select: ``"uncertainty"``; ``"random"``; or ``"human"``: after each round the job ends, and
                `personalizing` shows what was drawn and goes on with its ``choose``.
            full: train the whole UNet as the paper does, not a LoRA: closer, but slow, and it takes sixteen bytes
                a weight. What was learned is kept as a LoRA all the same.
            steps: of the first training; later ones take more in proportion to what they learn beside the given
                pictures. By default 500, with ``full`` 800 for an object and 500 for a style.
            learning_rate: of the first step, by default 2e-4, with ``full`` 5e-6; it falls evenly to nothing.
            batch_size: pictures a step.
            token: its name in prompts; by default the class's word and a number.
            seed: same seed, same result on the same machine; by default the session's.

        Returns:
            A job whose result is the token, for templates: ``"a photo of a <dog-1> in snow"``, for a style
            ``"a dog in <dog-1>"``. In human mode the token may be used once the last round is over.

        Raises:
            InputError: too few or too many pictures, no class, a token that is taken, or a number out of range.
        """
        self._writable()
        images, ids = self._subject(pictures)
        row = self._subject_class(ids, class_)
        asked = {
            "kind": kind,
            "word": row.word,
            "beside": beside,
            "anchors": _plain(anchors),
            "rounds": rounds,
            "samples": samples,
            "top": top,
            "weight_scale": weight_scale,
            "select": select,
            "named": beside is not None,
        }
        with self._lock:
            taken = {concept.token for concept in self.concepts}
            seed = self._seed_for(len(taken)) if seed is None else seed
            asked["seed"] = seed
            practising.asked_settings(asked)
            more: dict[str, Any] = {"rank": _FULL_RANK, "checkpoint_every": 250, "full": True} if full else {}
            settings = TuningSettings.usual(
                "lora",
                token=free_token(row.word, taken) if token is None else token,
                word=row.word if kind == "object" else "style",
                size=0,  # the generator's, when it is loaded
                steps=_FULL_STEPS[kind] if full and steps is None else steps,
                learning_rate=_FULL_RATE if full and learning_rate is None else learning_rate,
                batch_size=batch_size,
                seed=seed,
                decay=True,
                **more,
            )
            check_pictures([image.size for image in images], settings)
            with self._store.transaction():
                self._teacher.open(row.id, settings, ids, {practising.ASKED: asked})
                if not ids:
                    practising.keep_given(self._store, settings.token, images)
        self.events.emit("concepts")
        return self._learn(settings.token)

    @property
    def personalizing(self) -> PersonalizingHandle | None:
        """The newest personalisation that is not finished; None without one."""
        for concept in reversed(self.concepts):
            if practising.is_personalization(concept) and concept.state != "ready":
                return self.personalization(concept.token)
        return None

    def personalization(self, token: str) -> PersonalizingHandle:
        """A personalisation by its token.

        Raises:
            InputError: there is no such token, or it was not learned in rounds.
        """
        concept = self._store.concept(token)
        if not practising.is_personalization(concept):
            raise InputError(f"expected the token of a personalisation; {token} was learned at once")
        begun = practising.has_begun(self._store, token)
        return PersonalizingHandle(self, token, practising.opened(self._store, concept) if begun else None)

    def _choose_references(self, token: str, ids: Iterable[int], *, instead: bool, turn: int) -> Job[str]:
        self._writable()
        with self._lock:
            concept = self._store.concept(token)
            if not practising.waits(self._store, concept):
                raise InputError(
                    f"expected a personalisation that waits for a choice; {token} is {concept.state}. Choices are"
                    " made between the rounds of session.personalize(…, select='human')"
                )
            rounds = practising.opened(self._store, concept)
            if len(rounds.rounds) != turn:
                raise InputError(
                    f"expected a choice of what {token} drew in round {len(rounds.rounds)}, found one of round"
                    f" {turn}; look at session.personalizing again"
                )
            rounds.choose(rounds.rounds[-1].with_choice(ids, rounds.settings.samples, instead=instead))
        self.events.emit("concepts")
        return self._learn(token)

    def _subject(
        self, pictures: Iterable[int | str | Path | Image.Image]
    ) -> tuple[list[Image.Image], list[int]]:
        """The pictures, and their ids where they are the session's."""
        if isinstance(pictures, str | Path):
            raise InputError(f"pictures: expected several, in a list, found {str(pictures)!r}")
        wanted = list(pictures)
        if len(wanted) > MOST_PICTURES:
            raise InputError(
                f"pictures: expected 3 to {MOST_PICTURES} of one subject, found {len(wanted)}; to teach a whole class"
                " use session.tune(class)"
            )
        own = [each for each in wanted if not isinstance(each, str | Path | Image.Image)]
        if own and len(own) < len(wanted):
            raise InputError("pictures: expected ids of the session's pictures, or files; found both")
        ids = self._known(own) if own else []
        return [self._store.load_image(each) for each in ids] if ids else [
            decode(each) for each in wanted
        ], ids

    def _subject_class(self, ids: Sequence[int], class_: str | int | None) -> ClassRow:
        if class_ is not None:
            return self._class_rows(class_)[0]
        found = (
            {picture.class_id for picture in self._store.pictures(ids=ids, include_hidden=True)}
            if ids
            else ()
        )
        if len(found) != 1:
            raise InputError(
                f"class_: expected the name of a class that says what the subject is; the pictures are of"
                f" {len(found)} classes"
            )
        return self._class_rows(next(iter(found)))[0]


def _plain(anchors: Iterable[str | Anchor] | str | None) -> list[Any] | str | None:
    """Anchors as JSON values."""
    if anchors is None or anchors == practising.FROM_LABELS:
        return anchors
    if isinstance(anchors, str):
        raise InputError(f'anchors: expected several, in a list, or "labels", found {anchors!r}')
    return [asdict(each) if isinstance(each, Anchor) else each for each in anchors]


def _candidates(rounds: Personalization) -> list[Candidate]:
    last, count = rounds.rounds[-1], rounds.settings.samples
    return [
        Candidate(
            id=anchor * count + number,
            anchor=rounds.settings.anchors[anchor].direction,
            overfitted=overfitted,
            faithful=faithful,
            proposed=anchor * count + number in last.proposed,
        )
        for anchor, flags, values in zip(last.pool, last.overfitted, last.faithful, strict=True)
        for number, (overfitted, faithful) in enumerate(zip(flags, values, strict=True))
    ]


def _data_uri(picture: Image.Image) -> str:
    small = picture.copy()
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
