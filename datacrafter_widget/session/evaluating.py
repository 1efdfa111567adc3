"""Evaluate: in the background, what each round of pictures is worth to a classifier."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.errors import DataCrafterError, JobCancelled
from datacrafter_widget.jobs import Job, JobRunner
from datacrafter_widget.session.events import Events
from datacrafter_widget.session.interim import Interim
from datacrafter_widget.session.kinship import kin
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.session.scoring import (
    Hits,
    Pictures,
    best_strength,
    change,
    score,
    share,
    spread_folds,
)
from datacrafter_widget.session.verdict import Verdict, judge
from datacrafter_widget.store import Store
from datacrafter_widget.training.intervals import Interval

MOST_TRAINED = 4000
"""Pictures of the originals, and of each round, that train; of more, these many spread over all."""
MOST_TESTED = 4000
KEPT, SHOWN = "round", "rounds"
"""Kinds of rows in the store: which pictures were told right after a round; what the page shows."""
EMPTY: dict[str, Any] = {"verdict": None, "measured_on": "", "note": "", "rows": []}

_OUTSIDE = -2
"""The fold of validation pictures: no picture that trains is in it."""

_TOUCHING = {"metrics", "hidden", "flags", "held_out"}
_TOO_FEW = (
    "Not measured: that needs two classes with two originals each, or validation pictures"
    " (session.set_validation)."
)
_NOT_YET = "Nothing was generated yet. The first round will be compared with the originals alone."
_NOTE_VALIDATION = (
    "A linear probe and CLER on the features of the session's encoder. They learn from the originals and all"
    " generated pictures up to a round, less those removed or flagged. Intervals: 95 %, by bootstrap."
)
_NOTE_ORIGINALS = (
    _NOTE_VALIDATION
    + " Each fifth of the originals is told by what was learnt without it and without all that was"
    " generated from it. Prompts were written by people who saw these originals: session.set_validation(images) is"
    " stricter."
)


@dataclass(frozen=True, eq=False)
class _Known:
    """What there is to train and test with.

    `iterations` and `ids` (N,) are those of `train`, `made` the pictures by iteration, of which those are perhaps a
    sample; `test_print` tells one test set from another.
    """

    class_ids: tuple[int, ...]
    class_names: tuple[str, ...]
    train: Pictures
    iterations: NDArray[np.int64]
    ids: NDArray[np.int64]
    made: NDArray[np.int64]
    test: Pictures
    test_print: bytes
    validation: bool


class Evaluation:
    """Keeps the evaluation of all rounds in step with the session, on a thread of its own.

    Args:
        store: has pictures and features, and keeps what was found.
        models: the encoder whose features are meant.
        events: what makes it look again; told ``evaluation`` when there is news.
        interim: says whether a round is being made: that one waits until it is whole.
        seed: of the folds.
    """

    def __init__(
        self, store: Store, models: LoadedModels, events: Events, interim: Interim, *, seed: int
    ) -> None:
        self._store = store
        self._models = models
        self._events = events
        self._interim = interim
        self._seed = seed
        self._runner = JobRunner("datacrafter evaluation")
        self._events.subscribe(self._heard)

    def close(self) -> None:
        """Stop."""
        self._runner.close()

    def table(self) -> dict[str, Any]:
        """What the page shows: ``verdict``, ``measured_on``, ``note`` and ``rows``, as they were last found."""
        kept = self._store.evaluation(SHOWN)
        return EMPTY if kept is None else kept.result

    def refresh(self) -> Job[None]:
        """Find out what changed; the job that waits to do so already is returned, if there is one."""
        for job in self._runner.jobs():
            if job.state == "queued":
                return job
        return self._runner.submit(self._run, "Evaluate", kind="evaluate")

    def _heard(self, event: Mapping[str, Any]) -> None:
        made_now = event["kind"] == "metrics" and self._interim.rows
        if event["kind"] in _TOUCHING and not made_now and not self._store.read_only:
            with contextlib.suppress(DataCrafterError):  # the session is being closed
                self.refresh()

    def _run(self, job: Job[None]) -> None:
        try:
            table = self._evaluated(job.checkpoint)
        except JobCancelled:
            raise
        except Exception as error:
            self._events.emit("warning", where="evaluation", message=f"Could not evaluate: {error}")
            raise
        if table != self.table():
            self._store.put_evaluation(SHOWN, SHOWN, {}, table)
            self._events.emit("evaluation")

    # -- inside -------------------------------------------------------------------------------------

    def _evaluated(self, check: Callable[[], object]) -> dict[str, Any]:
        known = self._known()
        if known is None:
            return EMPTY
        if len(known.class_ids) < 2 or not len(known.test.classes):
            return EMPTY | {"verdict": asdict(Verdict(_TOO_FEW))}
        rounds = sorted(set(known.iterations.tolist()) | {0})
        hits = self._hits(known, rounds, check)
        count = len(known.test.classes)
        kind = "validation pictures" if known.validation else "originals, by cross-validation"
        return {
            "verdict": asdict(self._verdict(known, rounds, hits)),
            "measured_on": f"on {count:,} {kind}",
            "note": _NOTE_VALIDATION if known.validation else _NOTE_ORIGINALS,
            "rows": [row for at in rounds for row in _rows(at, hits[at], known)],
        }

    def _hits(self, known: _Known, rounds: Sequence[int], check: Callable[[], object]) -> dict[int, Hits]:
        """Which test pictures are told right with the pictures up to each round; of old, what was kept."""
        count = len(known.class_ids)
        base = hashlib.sha256(self._models.encoder.identity.encode() + known.test_print)
        kept = {row.key: row.result for row in self._store.evaluations(KEPT)}
        strength: float | None = None
        found: dict[int, Hits] = {}
        keys = set()
        for at in rounds:
            rows = known.iterations <= at
            print_ = base.copy()
            for part in (known.ids, known.train.classes, known.train.folds):
                print_.update(part[rows].tobytes())
            key = print_.hexdigest()
            keys.add(key)
            if key in kept:
                found[at] = Hits(*(_unpacked(kept[key][name]) for name in Hits._fields))
                strength = kept[key]["strength"]  # it follows from the originals, which are in every key
                continue
            if strength is None:
                strength = best_strength(known.train.take(known.iterations == 0), count, check)
            found[at] = score(known.train.take(rows), known.test, count, strength, check)
            packed = {name: _packed(each) for name, each in found[at]._asdict().items()}
            self._store.put_evaluation(KEPT, key, {"iteration": at}, {**packed, "strength": strength})
        self._store.remove_evaluations(KEPT, but=keys)
        return found

    def _verdict(self, known: _Known, rounds: Sequence[int], hits: Mapping[int, Hits]) -> Verdict:
        if len(rounds) < 2:
            return Verdict(_NOT_YET)
        last, before = rounds[-1], rounds[-2]
        now, then = hits[last].probe, hits[before].probe
        net = now.astype(int) - then.astype(int)
        measures: dict[int, dict[str, float]] = {}
        for row in self._store.metrics():
            if row.class_id is None:
                measures.setdefault(row.iteration, {})[row.name] = row.value
        return judge(
            pictures=int(known.made[last]),
            change=change(now, then),
            rounds=len(rounds) - 1,
            total=int(known.made[1:].sum()),
            overall=change(now, hits[0].probe),
            accuracy="validation accuracy" if known.validation else "cross-validated accuracy",
            level=float(then.mean()),
            now=measures.get(last),
            before=measures.get(before),
            class_changes={
                name: int(net[known.test.classes == index].sum())
                for index, name in enumerate(known.class_names)
            },
        )

    def _known(self) -> _Known | None:
        """None before any picture was encoded."""
        identity = self._models.encoder.identity
        columns = self._store.picture_columns()
        fit = ~columns.hidden & ~columns.flagged
        iterations = np.where(columns.generated, columns.iterations, 0)
        wanted = [_some(columns.ids[fit & (iterations == at)]) for at in np.unique(iterations[fit])]
        ids, features = self._store.embeddings(identity, np.concatenate(wanted) if wanted else [])
        classes = sorted(self._store.classes(), key=lambda row: row.id)
        class_ids = [row.id for row in classes]
        if not len(ids):
            return None
        rows = np.searchsorted(columns.ids, ids)
        index = np.searchsorted(class_ids, columns.class_ids[rows])
        original = ~columns.generated[rows]
        families = kin(self._store, columns)[rows]
        chosen = spread_folds(families[original], index[original], seed=self._seed)
        folds = np.array([chosen.get(family, -1) for family in families.tolist()], np.int64)
        train = Pictures(features, index, folds)
        held_out = self._held_out(identity, class_ids)
        if held_out is None:
            tested = np.zeros(len(ids), bool)
            tested[_some(np.flatnonzero(original & (folds >= 0)), MOST_TESTED)] = True
            test, test_print = train.take(tested), b"originals"
        else:
            test, test_print = held_out
        return _Known(
            class_ids=tuple(class_ids),
            class_names=tuple(row.name for row in classes),
            train=train,
            iterations=iterations[rows],
            ids=ids,
            made=np.bincount(iterations[fit]),
            test=test,
            test_print=test_print,
            validation=held_out is not None,
        )

    def _held_out(self, identity: str, class_ids: Sequence[int]) -> tuple[Pictures, bytes] | None:
        """The validation pictures, outside all folds of the originals."""
        pictures = self._store.held_out("validation")
        known = self._store.content_embeddings(identity, [each.sha256 for each in pictures])
        seen = [each for each in pictures if each.sha256 in known]
        if not seen:
            return None
        features = np.stack([known[each.sha256] for each in seen])
        index = np.searchsorted(class_ids, [each.class_id for each in seen])
        contents = " ".join(f"{each.sha256} {each.class_id}" for each in seen).encode()
        return Pictures(features, index, np.full(len(seen), _OUTSIDE)), contents


def _some(values: NDArray[np.int64], most: int = MOST_TRAINED) -> NDArray[np.int64]:
    if len(values) <= most:
        return values
    return values[np.linspace(0, len(values) - 1, most).astype(int)]


def _rows(iteration: int, hits: Hits, known: _Known) -> list[dict[str, Any]]:
    """The rows of a round: of all classes (class_id None), and of each class that is tested."""
    rows = []
    for class_id in (None, *known.class_ids):
        index = known.class_ids.index(class_id) if class_id else 0
        mine = known.test.classes == index if class_id else np.ones(len(known.test.classes), bool)
        if not mine.any():
            continue
        for name, each in hits._asdict().items():
            value = share(each[mine])
            interval = {"value": value.mean, "low": value.low, "high": value.high}
            rows.append(
                {
                    "iteration": iteration,
                    "class_id": class_id,
                    "name": name,
                    **{key: round(number, 4) for key, number in interval.items()},
                }
            )
    return rows


def _packed(hits: NDArray[np.bool_]) -> str:
    return "".join("1" if hit else "0" for hit in hits)


def _unpacked(text: str) -> NDArray[np.bool_]:
    return np.array([letter == "1" for letter in text], bool)


def verdict_of(table: Mapping[str, Any]) -> Verdict:
    """The verdict that a table of `Evaluation` holds."""
    kept = table["verdict"]
    if kept is None:
        return Verdict(_NOT_YET)
    intervals = {name: kept[name] and Interval(**kept[name]) for name in ("change", "overall")}
    return Verdict(**kept | intervals)
