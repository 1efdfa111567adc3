"""What a session is billed: the machine's prices, and what the language model took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacrafter_widget.models.usage import Usage
from datacrafter_widget.session.cost_report import CostReport, Prices, cost_report

if TYPE_CHECKING:
    from datacrafter_widget.models.language import LanguageModel
    from datacrafter_widget.store import Store

PRICES = "prices"
"""Where the store keeps them."""
_LANGUAGE = "language_cost"


class LanguageBill:
    """Keeps what the language model took with the session, as a model counts only while it is there.

    Args:
        store: keeps it.
        language: the model, or None.
    """

    def __init__(self, store: Store, language: LanguageModel | None) -> None:
        self._store = store
        self._language = language
        self._billed = self._usage()

    def settle(self) -> float | None:
        """Write down what came since the last time; the whole in US dollars, None where it is not known."""
        if self._usage().calls > self._billed.calls and not self._store.read_only:
            with self._store.transaction():  # of several threads one writes it down
                now, before = self._usage(), self._billed
                calls, money = self._kept()
                if money is not None:
                    money = None if now.cost is None else money + now.cost - (before.cost or 0.0)
                self._store.set_meta(_LANGUAGE, {"calls": calls + now.calls - before.calls, "money": money})
                self._billed = now
        calls, money = self._kept()
        return money if calls else None

    def _kept(self) -> tuple[int, float | None]:
        kept = self._store.get_meta(_LANGUAGE, {"calls": 0, "money": 0.0})
        return kept["calls"], kept["money"]

    def _usage(self) -> Usage:
        usage = getattr(self._language, "usage", None)
        return usage if isinstance(usage, Usage) else Usage()


def kept_prices(store: Store) -> Prices:
    """The prices that were set in a session."""
    return Prices(**store.get_meta(PRICES, {}))


def kept_costs(store: Store, bill: LanguageBill) -> CostReport:
    """What a session took so far."""
    return cost_report(store.costs(), kept_prices(store), bill.settle())
