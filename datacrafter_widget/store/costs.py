"""What the models' work took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacrafter_widget.store.base import StoreBase, now
from datacrafter_widget.store.records import Cost, CostPurpose

if TYPE_CHECKING:
    from datacrafter_widget.models.energy import Spent


class CostTable(StoreBase):
    """One row a piece of work; money is not kept, as prices may be set later."""

    def add_cost(
        self,
        iteration: int,
        job_id: int | None,
        purpose: CostPurpose,
        pictures: int,
        spent: Spent,
        device: str,
    ) -> None:
        """Write down what a piece of work took.

        Args:
            iteration: The generation round that it belongs to; for all but "pictures" the next one.
            job_id: The row of `jobs` that it made pictures of, if any.
            purpose: "pictures" of the data set, "proxies" that a search looked at, "tuning", or "edits".
            pictures: How many pictures were made.
            spent: Time and energy, as an `EnergyMeter` tells them.
            device: What did the work ("cpu", "cuda:0 NVIDIA H200").
        """
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO cost (iteration, job_id, purpose, pictures, seconds, joules, device, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    int(iteration),
                    job_id,
                    purpose,
                    int(pictures),
                    float(spent.seconds),
                    spent.joules,
                    device,
                    now(),
                ),
            )

    def costs(self) -> list[Cost]:
        """All rows, oldest first."""
        return [Cost(**row) for row in self._rows("SELECT * FROM cost ORDER BY id")]
