"""Which prompt strategy suits a data set: all of them tried out, before anything is trained on (GenBench)."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.data import ROLES
from datacrafter_widget.evaluate.features import encoded
from datacrafter_widget.evaluate.retrieval import class_texts
from datacrafter_widget.evaluate.set_scores import Encoded, score_set, zero_shot
from datacrafter_widget.evaluate.strategy_report import DomainGap, StrategyReport, StrategyRow
from datacrafter_widget.evaluate.strategy_sets import strategy_set
from datacrafter_widget.generation.retrieval import read_captions
from datacrafter_widget.generation.strategies import find_strategy
from datacrafter_widget.metrics.cler import warn_of_test_split
from datacrafter_widget.metrics.text_similarity import TOP, mean_text_similarity
from datacrafter_widget.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.store.records import HeldOutRole

DEFAULT_STRATEGIES = ("ST", "DT", "CE", "RD", "NP")
DEFAULT_BUDGETS = (5, 20)
"""Pictures a class; GenBench's Table 2 has 20."""
FOLDER = "strategies"
_NAME, _KIND = "Try prompt strategies", "strategies"


def strategies(
    source: Session | Any,
    strategies: Iterable[str] = DEFAULT_STRATEGIES,
    budgets: Sequence[int] = DEFAULT_BUDGETS,
    *,
    captions: Iterable[str] | str | Path | None = None,
    kind: str = "",
    on: HeldOutRole = "validation",
    seed: int = 0,
    folder: str | Path | None = None,
    **models: Any,
) -> Job[StrategyReport]:
    """Generate a little with each prompt strategy, and score what comes of it (GenBench, Table 2 and Fig. 4).

    Each strategy makes pictures from prompts alone, in a folder of its own that ``Session.open`` opens; the
    session's own pictures and prompts are not touched. They are scored against real pictures: the session's
    held-out validation set, or its originals where there is none (nothing is made from them here). A second call
    makes only what is missing.

    Args:
        source: a session; or pictures in any form that ``Session.open`` takes, for which one is opened.
        strategies: names as ``Session.use_strategy`` takes them. ``"RA"`` needs captions.
        budgets: numbers of pictures a class to score; a smaller one is part of a larger one.
        captions: texts, or a UTF-8 file with one a line, as near as you can get to what the generator has
            learned from: tells the domain gap, and is what ``"RA"`` retrieves from.
        kind: what all classes are, such as ``"bird"``: prompts then say "a type of bird".
        on: ``"test"`` scores against the held-out test set, as the paper does, and warns: choosing a strategy
            by it spends it.
        seed: same seed, same pictures.
        folder: where the pictures are kept; by default ``strategies/`` in the session's folder. Without a session
            nothing is kept by default.
        **models: without a session, what ``Session.open`` takes: ``generator=``, ``encoder=``, ``device=`` ….

    Returns:
        A job whose result is a `StrategyReport`.

    Raises:
        InputError: an unknown strategy, a budget below 1, no captions where some were promised, or a session that
            takes no models or keeps no pictures. The job raises it when there is nothing to score against, or (RA)
            no caption fits a class.

    Example:
        >>> report = evaluate.strategies(session, budgets=(5, 20), captions="captions.txt").result()
        >>> report.to_frame()
    """
    texts = read_captions(captions) if isinstance(captions, str | Path) else captions
    asked = _Asked(
        tuple(dict.fromkeys(find_strategy(each).name for each in strategies)),
        tuple(sorted({int(each) for each in budgets})),
        None if texts is None else tuple(text for text in (line.strip() for line in texts) if text),
        kind,
        on,
        seed,
    )
    if on == "test":
        warn_of_test_split("The strategies' scores")
    if isinstance(source, Session):
        if models:
            raise InputError(
                f"strategies: a session has its own models; found {', '.join(models)} beside it. Leave them out"
            )
        if source.store.read_only and not folder:
            raise InputError(
                "folder: a session that was opened with read_only=True keeps no pictures; give one"
            )
        kept = Path(folder) if folder else source.store.folder / FOLDER
        return source.submit(lambda job: _report(source, asked, kept, job), _NAME, kind=_KIND)
    return _without_session(source, asked, folder, models)


@dataclass(frozen=True)
class _Asked:
    strategies: tuple[str, ...]
    budgets: tuple[int, ...]
    captions: tuple[str, ...] | None
    kind: str
    on: HeldOutRole
    seed: int

    def __post_init__(self) -> None:
        if not self.strategies or not self.budgets or self.budgets[0] < 1:
            raise InputError(
                f"strategies: expected at least one strategy and budgets from 1, found {self.strategies} and "
                f"{self.budgets}"
            )
        if self.on not in ROLES:
            raise InputError(f"on: expected 'validation' or 'test', found {self.on!r}")
        if self.captions is not None and not self.captions:
            raise InputError("captions: expected at least one, found none")


def _without_session(
    source: Any, asked: _Asked, folder: str | Path | None, models: dict[str, Any]
) -> Job[StrategyReport]:
    """The same in a session of its own, which is closed when the job is over."""
    kept = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="datacrafter-strategies-"))
    session = Session.open(kept / "session", images=source, **models)
    if "CE" not in asked.strategies:  # nothing else asks for the content labels, nobody for the map
        session.observe().cancel()

    def clean_up() -> None:
        session.close()
        if not folder:
            shutil.rmtree(kept, ignore_errors=True)

    def run(job: Job[StrategyReport]) -> StrategyReport:
        try:
            return _report(session, asked, kept, job)
        finally:
            clean_up()

    job = session.submit(run, _NAME, kind=_KIND)
    job.subscribe(lambda job: clean_up() if job.state == "cancelled" else None)  # before it began
    return job


def _report(session: Session, asked: _Asked, folder: Path, job: Job[Any]) -> StrategyReport:
    words = {row.name: row.word for row in session.classes}
    encoder, generator = session.models.encoder, session.models.generator
    real, measured_on = _real(session, asked.on, job)
    texts = class_texts(session)
    made = []
    for name in asked.strategies:
        job.checkpoint()
        templates = session.strategy_templates(name, captions=asked.captions, kind=asked.kind)
        found = strategy_set(
            folder, name, templates, words, max(asked.budgets), generator, encoder, seed=asked.seed, job=job
        )
        job.update(message=f"scoring {name}")
        energy = None if found.joules is None else found.joules / 3600
        money = session.prices.money(found.seconds, energy)
        for budget in asked.budgets:
            scores = score_set(Encoded(*found.first(budget)), real, texts)
            made.append(StrategyRow(name, budget, scores, found.seconds, energy, money, found.folder))
    return StrategyReport(
        rows=tuple(made),
        zero_shot=zero_shot(real, texts),
        measured_on=measured_on,
        domain_gap=_domain_gap(session, words, asked.captions),
        currency=session.prices.currency,
    )


def _real(session: Session, on: HeldOutRole, job: Job[Any]) -> tuple[Encoded, str]:
    """The pictures to score against, and what they are."""
    from PIL import Image

    place = {row.id: index for index, row in enumerate(session.classes)}
    held = session.held_out(on)
    if len(held):
        load = [lambda path=path: Image.open(path).convert("RGB") for path in held.paths]
        contents, class_ids = held.sha256s, held.class_ids.tolist()
        measured_on = f"{len(held)} held-out {on} pictures"
    elif on == "test":
        raise InputError(
            "on: expected a held-out test set, found none; session.set_validation(images, role='test')"
        )
    else:
        originals = [picture for picture in session.pictures(origin="original") if not picture.flagged]
        load = [lambda picture=picture: session.image(picture.id) for picture in originals]
        contents = tuple(picture.sha256 for picture in originals)
        class_ids = [picture.class_id for picture in originals]
        measured_on = f"the {len(originals)} originals"
    if not class_ids:
        raise InputError("strategies: expected pictures to score against, found none; add originals first")
    features = encoded(session, contents, lambda at: load[at](), job)
    return Encoded(features, np.array([place[each] for each in class_ids])), measured_on


def _domain_gap(
    session: Session, words: dict[str, str], captions: tuple[str, ...] | None
) -> DomainGap | None:
    if captions is None:
        return None
    encoder = session.models.encoder
    names = encoder.encode_texts(list(words.values()))
    found: NDArray[np.float64] = mean_text_similarity(names, encoder.encode_texts(captions))
    return DomainGap(dict(zip(words, found.tolist(), strict=True)), len(captions), min(TOP, len(captions)))
