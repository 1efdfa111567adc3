"""Generation jobs and what each still has to make."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.base import now, to_json
from datacrafter_widget.store.columns import ColumnTable
from datacrafter_widget.store.records import GenerationJob, JobState, PlannedPicture

MAX_SEED = 2**63 - 1
"""The largest integer SQLite, Parquet and PyTorch all take as they are."""

_INSERT_PLANNED = """
INSERT INTO planned (job_id, "index", class_id, template_id, template, prompt, negative_prompt, seed,
    parent_id, strength, guidance_scale, num_inference_steps, width, height, perturbation)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class JobTable(ColumnTable):
    """A job's plan is committed before its first picture is made, so that a crash leaves a job to resume."""

    def queue_job(self, settings: dict[str, Any]) -> GenerationJob:
        """Write down that a generation round was asked for, before it is planned.

        Args:
            settings: What was asked for, of JSON values; `plan_job` puts what became of it in their place.

        Returns:
            A job in the state "queued", with the next iteration's number.
        """
        with self.transaction() as connection:
            return self.job(self._insert_job(connection, self.next_iteration(), settings, "queued"))

    def plan_job(
        self, job_id: int, settings: dict[str, Any], planned: Iterable[PlannedPicture]
    ) -> GenerationJob:
        """Write down the plan of a queued job, which is "open" then; arguments as `create_job`.

        Raises:
            InputError: The job has a plan already, or a draft is not what `create_job` takes.
        """
        with self.transaction() as connection:
            if (state := self.job(job_id).state) != "queued":
                raise InputError(f"expected a queued job to plan, found job {job_id} {state}.")
            self._insert_plan(connection, int(job_id), planned)
            connection.execute(
                "UPDATE job SET settings = ?, state = 'open' WHERE id = ?",
                (to_json(settings, "settings"), int(job_id)),
            )
            return self.job(job_id)

    def create_job(
        self, iteration: int, settings: dict[str, Any], planned: Iterable[PlannedPicture]
    ) -> GenerationJob:
        """Write down a generation round: an open job and its drafts, whose ``id`` and ``job_id`` are ignored.

        Args:
            iteration: The round, from 1 (see `next_iteration`).
            settings: What the user chose, of JSON values.
            planned: The pictures to make, each with its own ``index``.

        Raises:
            InputError: A draft names an id that isn't there, an index twice, or a seed outside 0 … 2⁶³ - 1.
        """
        with self.transaction() as connection:
            job_id = self._insert_job(connection, iteration, settings, "open")
            self._insert_plan(connection, job_id, planned)
            return self.job(job_id)

    def job(self, job_id: int) -> GenerationJob:
        """One job.

        Raises:
            InputError: There is no such job.
        """
        row = self._row("SELECT * FROM job WHERE id = ?", (int(job_id),))
        if row is None:
            raise InputError(f"expected the id of a generation job, found {job_id}. jobs() lists them.")
        return _job(row)

    def jobs(self) -> list[GenerationJob]:
        """All jobs, oldest first."""
        return [_job(row) for row in self._rows("SELECT * FROM job ORDER BY id")]

    def open_jobs(self) -> list[GenerationJob]:
        """Jobs, queued or begun, that neither finished nor were cancelled, oldest first.

        After a crash these can be resumed.
        """
        return [job for job in self.jobs() if job.state in ("queued", "open")]

    def set_job_state(self, job_id: int, state: JobState) -> None:
        """Say that a job is "queued", "open", "done" or "cancelled".

        Raises:
            InputError: There is no such job or state.
        """
        with self.transaction() as connection:
            connection.execute("UPDATE job SET state = ? WHERE id = ?", (state, self.job(job_id).id))

    def set_job_settings(self, job_id: int, settings: dict[str, Any]) -> None:
        """Write down other settings of a job.

        Raises:
            InputError: There is no such job, or the settings can't be written as JSON.
        """
        with self.transaction() as connection:
            connection.execute(
                "UPDATE job SET settings = ? WHERE id = ?",
                (to_json(settings, "settings"), self.job(job_id).id),
            )

    def planned(self, job_id: int, missing_only: bool = False) -> list[PlannedPicture]:
        """The plan of a job by index; with ``missing_only`` just the pictures that aren't made yet."""
        rows = self._rows(
            'SELECT * FROM planned WHERE job_id = ? AND (picture_id IS NULL OR NOT ?) ORDER BY "index"',
            (int(job_id), missing_only),
        )
        return [PlannedPicture(**row) for row in rows]

    def job_progress(self, job_id: int) -> tuple[int, int]:
        """How many pictures of a job are made, and how many it plans."""
        row = self._row("SELECT count(picture_id), count(*) FROM planned WHERE job_id = ?", (int(job_id),))
        return (int(row[0]), int(row[1])) if row is not None else (0, 0)

    def next_iteration(self) -> int:
        """The number of the next generation round: 1 before the first."""
        row = self._row("SELECT coalesce(max(iteration), 0) FROM job")
        rounds = self.picture_columns().iterations
        return 1 + max(int(row[0]) if row is not None else 0, int(rounds.max(initial=0)))

    def _insert_job(
        self, connection: sqlite3.Connection, iteration: int, settings: dict[str, Any], state: JobState
    ) -> int:
        job_id = connection.execute(
            "INSERT INTO job (iteration, created_at, settings, state) VALUES (?, ?, ?, ?)",
            (int(iteration), now(), to_json(settings, "settings"), state),
        ).lastrowid
        return int(job_id or 0)

    def _insert_plan(
        self, connection: sqlite3.Connection, job_id: int, planned: Iterable[PlannedPicture]
    ) -> None:
        connection.executemany(_INSERT_PLANNED, (_planned_values(job_id, item) for item in planned))


def _planned_values(job_id: int, item: PlannedPicture) -> tuple[Any, ...]:
    """Plain Python numbers: drafts may come with NumPy's, which SQLite does not bind."""
    if not 0 <= int(item.seed) <= MAX_SEED:
        raise InputError(
            f"expected a seed from 0 to 2**63 - 1, found {item.seed} at index {item.index}."
            " Take it modulo 2**63."
        )
    return (
        job_id,
        int(item.index),
        int(item.class_id),
        None if item.template_id is None else int(item.template_id),
        item.template,
        item.prompt,
        item.negative_prompt,
        int(item.seed),
        None if item.parent_id is None else int(item.parent_id),
        None if item.strength is None else float(item.strength),
        float(item.guidance_scale),
        int(item.num_inference_steps),
        int(item.width),
        int(item.height),
        item.perturbation or ("text2image" if item.parent_id is None else "image2image"),
    )


def _job(row: sqlite3.Row) -> GenerationJob:
    return GenerationJob(**{**dict(row), "settings": json.loads(row["settings"])})
