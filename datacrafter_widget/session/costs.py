"""What a session took, and what that costs."""

from dataclasses import asdict

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.billing import PRICES, kept_costs, kept_prices
from datacrafter_widget.session.core import Core
from datacrafter_widget.session.cost_report import CostReport, Prices


class Costs(Core):
    """What `Session` tells of costs."""

    @property
    def prices(self) -> Prices:
        """What the machine costs; kept with the session. Set it to see money in `cost`.

        For example ``session.prices = Prices(per_hour=1.47)``.

        Raises:
            InputError: set to anything but `Prices`.
        """
        return kept_prices(self._store)

    @prices.setter
    def prices(self, prices: Prices) -> None:
        self._writable()
        if not isinstance(prices, Prices):
            raise InputError(f"prices: expected Prices(per_hour=…, per_kwh=…), found {prices!r}")
        self._store.set_meta(PRICES, asdict(prices))
        self.events.emit("cost")

    @property
    def cost(self) -> CostReport:
        """What the pictures took so far: seconds, energy and money, round by round, in all and a picture.

        Its last lines in a notebook are those of GenBench's Table 5. The energy of a CPU is an estimate.
        """
        return kept_costs(self._store, self._bill)
