"""What a session shows: its reading half, cheap and safe to call from any thread."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from datacrafter_widget.jobs import Job, JobRunner
from datacrafter_widget.labels.hierarchy import LabelTree
from datacrafter_widget.labels.view import View
from datacrafter_widget.refine import DEFAULT_WEIGHTS
from datacrafter_widget.session import label_views, offered, practising, views
from datacrafter_widget.session.advising import Adviser
from datacrafter_widget.session.billing import LanguageBill, kept_costs
from datacrafter_widget.session.edit_making import EditMaker
from datacrafter_widget.session.edit_news import edit_news
from datacrafter_widget.session.evaluating import Evaluation
from datacrafter_widget.session.families import Families, families
from datacrafter_widget.session.figures import Figures
from datacrafter_widget.session.frames import check_ids, picture_frame
from datacrafter_widget.session.generating import Generation
from datacrafter_widget.session.history import History
from datacrafter_widget.session.loaded import LoadedModels
from datacrafter_widget.session.observing import Observer
from datacrafter_widget.session.page import write_page
from datacrafter_widget.session.refining import Refiner
from datacrafter_widget.session.saved import MOST_PICTURES
from datacrafter_widget.session.suggestions import suggestion_table
from datacrafter_widget.session.teaching import Teacher
from datacrafter_widget.store import Store
from datacrafter_widget.store.formats import FORMATS
from datacrafter_widget.store.records import ClassRow

if TYPE_CHECKING:
    import pandas as pd


class Shown:
    """The reading half of `Session`. Tables are lists of JSON-able dicts; arrays are equally long."""

    _store: Store
    _models: LoadedModels
    _observer: Observer
    _evaluation: Evaluation
    _history: History
    _refiner: Refiner
    _bill: LanguageBill
    _runner: JobRunner
    _generation: Generation
    _teacher: Teacher
    _adviser: Adviser
    _editor: EditMaker

    @property
    def store(self) -> Store:
        """What the session keeps on disk, for code that stands on sessions; people have its verbs."""
        return self._store

    @property
    def models(self) -> LoadedModels:
        """The session's models, loaded when they are first used."""
        return self._models

    @property
    def figures(self) -> Figures:
        """`figures.map()`, `metrics()`, and figures of evaluations, as plain Plotly figures; see `Figures`."""
        return Figures(self)

    @property
    def classes(self) -> list[ClassRow]:
        """The classes: of an import in the order of its class list, or by name; later ones after them."""
        return self._store.classes()

    def info(self) -> dict[str, Any]:
        """Models, device, memory, classes and their counts."""
        return {
            "name": self._store.folder.name,
            "folder": str(self._store.folder),
            **self._models.describe(),
            "classes": views.class_table(self._store),
            "iteration": self._store.next_iteration() - 1,
            "read_only": self._store.read_only,
            "resumable": sum(
                len(each.unfinished())
                for each in (self._teacher, self._generation, self._refiner, self._adviser, self._editor)
            ),
            "weights": DEFAULT_WEIGHTS,
            "labels_from": self._observer.captions.choice.source,
            "perturbations": offered.perturbations(),
            "strategies": offered.strategies(),
            "export_formats": list(FORMATS),
            "flagged": offered.flagged(self._store),
            "concepts": offered.concepts(self._store),
            "cost": kept_costs(self._store, self._bill).to_json(),
        }

    def map_points(self, after_id: int = 0) -> dict[str, NDArray[Any]]:
        """The pictures on the map, as arrays."""
        return views.map_points(self._store, after_id)

    def label_table(self) -> list[dict[str, Any]]:
        """The content labels on the map."""
        return label_views.label_table(self._store)

    def label_tree(self) -> dict[str, list[Any]]:
        """The content labels' hierarchy, as columns: what the map chooses its labels from."""
        return label_views.label_columns(label_views.label_map(self._store, self._tree()))

    def label_pictures(self, label_id: int) -> list[int]:
        """The visible pictures that carry a content label."""
        return self._store.pictures_with([label_id])

    def picture_labels(self, ids: Sequence[int]) -> dict[int, list[int]]:
        """The content labels that pictures carry: label ids by picture id, the surest first."""
        return self._store.labels_of(ids)

    def label_cut(self, budget: int = 24, view: View | None = None) -> list[dict[str, Any]]:
        """The labels that stand for all of them when the map has room for `budget` (DataCrafter, Eq. 7).

        Args:
            budget: most labels.
            view: x0, y0, x1, y1 on the map, to choose among what lies there; default everything.

        Returns:
            Rows of ``node``, ``text``, ``x``, ``y``, ``originals``, ``generated`` and ``members`` (label ids).
        """
        shown = label_views.label_map(self._store, self._tree())
        return label_views.label_cut(shown, budget=budget, view=view)

    def _tree(self) -> LabelTree | None:
        return self._observer.atlas.tree if self._observer.atlas else None

    def metric_table(self) -> list[dict[str, Any]]:
        """Informativeness, diversity and distance an iteration, over all (class_id None) and per class.

        Those of a round that is being made are ``provisional``: of its pictures so far.
        """
        now = self._observer.interim.rows
        stored = [row for row in self._store.metrics() if not now or row.iteration != now[0].iteration]
        return [
            {**asdict(row), "provisional": provisional}
            for rows, provisional in ((stored, False), (now, True))
            for row in rows
        ]

    def evaluation_table(self) -> dict[str, Any]:
        """What each round was worth, as the Evaluation panel shows it; see `Session.verdict`.

        Returns:
            ``verdict`` (its ``text``, ``effect`` and numbers; None before anything was measured), ``measured_on``,
            ``note``, and ``rows``: ``name`` ("probe": accuracy of a linear probe, "cler"), ``iteration`` (0: the
            originals alone; n: with the pictures of n rounds), ``class_id`` (None: all), ``value``, ``low``, ``high``.
        """
        return self._evaluation.table()

    def template_table(self) -> list[dict[str, Any]]:
        """The prompts in use."""
        return views.template_table(self._store)

    def proposal_table(self) -> list[dict[str, Any]]:
        """The proposals that are searched for or wait for a decision, newest first."""
        return views.proposal_table(self._store)

    def turn_table(self) -> list[dict[str, Any]]:
        """The personalisations that wait for a person's choice."""
        return practising.turns(self._store)

    def edit_news(self) -> list[dict[str, Any]]:
        """How far the newest edits are, in a line each; `Session.edit_table` has them in full."""
        return edit_news(self._store)

    def suggestion_table(self) -> list[dict[str, Any]]:
        """The suggestions that wait for a decision or for pictures, newest first."""
        return suggestion_table(self._store)

    def thumbnail(self, picture_id: int, size: int = 96) -> bytes:
        """A small WebP of a picture, at most `size` pixels on its longer side."""
        return self._store.thumbnail(picture_id, size)

    def proxy_thumbnail(self, ref: int) -> bytes:
        """A small WebP of a proxy picture of a proposal."""
        return self._store.proxy_thumbnail(ref)

    def picture(self, picture_id: int) -> dict[str, Any]:
        """Everything known of one picture."""
        return views.provenance_sheet(self._store, picture_id)

    def details(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Pictures with their descendants."""
        return views.details(self._store, ids)

    def families(self, ids: Sequence[int] | None = None, class_ids: Sequence[int] | None = None) -> Families:
        """Pictures in rows with what was generated from them; of `ids` and their kin, of classes, or all."""
        return families(self._store, ids, class_ids)

    def job_table(self) -> list[dict[str, Any]]:
        """The jobs of this process, oldest first."""
        return [job_row(job) for job in self._runner.jobs()]

    def history(self) -> dict[str, Any]:
        """What undo and redo would do, and the log of actions."""
        return self._history.describe()

    def frame(self, ids: Sequence[int] | None = None) -> "pd.DataFrame":
        """Pictures as a data frame: ``id``, ``class``, ``origin``, ``iteration``, ``prompt``, ``labels`` and more.

        Args:
            ids: of which pictures, in this order; by default of all visible ones.

        Raises:
            InputError: an unknown picture.
        """
        return picture_frame(self._store, ids)

    def check_ids(self, ids: Sequence[int]) -> None:
        """See that there is a picture of every id, hidden ones too.

        Raises:
            InputError: there is none.
        """
        check_ids(self._store, ids)

    def to_html(
        self,
        path: str | Path,
        *,
        title: str | None = None,
        pictures: int = MOST_PICTURES,
        overwrite: bool = False,
    ) -> Path:
        """Write the dashboard into one file that works in any browser, from disk, without Python or a network.

        Map, labels, metrics, prompts and small pictures can be looked at; nothing can be changed. About 0.2 MB, and
        2 kB a picture.

        Args:
            path: the file to write.
            title: of the page; by default the session's name.
            pictures: keep at most so many small pictures.
            overwrite: replace a file that is there.

        Returns:
            The path of the file.

        Raises:
            InputError: the file is there already, or its folder is not; `pictures` is out of range.
        """
        return write_page(self, path, title=title, pictures=pictures, overwrite=overwrite)

    def _repr_html_(self) -> str:
        return views.session_html(self._store)


def job_row(job: Job[Any]) -> dict[str, Any]:
    """A job as the widget lists it: `rate` in steps a second, `made` the pictures of a round that is over."""
    return {
        "id": job.id,
        "name": job.name,
        "kind": job.kind,
        "state": job.state,
        "done": job.progress.done,
        "total": job.progress.total,
        "message": job.progress.message,
        "error": str(job.error) if job.error else None,
        "rate": None if job.rate is None else float(f"{job.rate:.3g}"),
        "made": _made(job),
    }


def _made(job: Job[Any]) -> int | None:
    result = job.result(quiet=True) if job.kind == "generate" and job.state == "done" else None
    return len(result) if isinstance(result, list) else None
