"""What pictures took, in time, energy and money (GenBench, Table 5)."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from datacrafter_widget.store.records import Cost

_JOULES_A_WATT_HOUR = 3600.0
_WORK = {
    "pictures": "pictures",
    "proxies": "searches for prompts",
    "tuning": "teaching the model words",
    "edits": "edits of pictures",
}


@dataclass(frozen=True)
class Prices:
    """What the machine costs. What is None is left out of the bill.

    GenBench (Table 5) takes the spot price of an Azure NC24ads A100 v4, 1.47 US dollars an hour, at which 1,000
    pictures take 1.74 hours: ``Prices(per_hour=1.47)``, 0.0026 dollars a picture (the table prints a tenth of
    that, against its own figures). On a machine of one's own only energy is paid: ``Prices(per_kwh=0.35,
    currency="EUR")``.

    Attributes:
        per_hour: for an hour of the machine.
        per_kwh: for a kilowatt-hour.
        currency: three letters, as ISO 4217 has them.

    Raises:
        InputError: a price below 0, or a currency of another form.
    """

    per_hour: float | None = None
    per_kwh: float | None = None
    currency: str = "USD"

    def __post_init__(self) -> None:
        for name in ("per_hour", "per_kwh"):
            price = getattr(self, name)
            if price is not None and not (isinstance(price, int | float) and 0 <= price < math.inf):
                raise InputError(f"{name}: expected a price from 0, or None, found {price!r}")
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise InputError(f"currency: expected three letters such as 'USD', found {self.currency!r}")

    def money(self, seconds: float, energy_wh: float | None) -> float | None:
        """What work costs; None without a price, or when energy has one and is not known."""
        if self.per_hour is None and self.per_kwh is None:
            return None
        money = (self.per_hour or 0.0) * seconds / 3600
        if self.per_kwh is None:
            return money
        return None if energy_wh is None else money + self.per_kwh * energy_wh / 1000


@dataclass(frozen=True)
class Amounts:
    """What something took; None is not known.

    Attributes:
        pictures: of the data set that were made.
        seconds: wall time.
        energy_wh: watt-hours.
        money: in the currency of the prices.
    """

    pictures: int
    seconds: float
    energy_wh: float | None
    money: float | None


@dataclass(frozen=True)
class Round(Amounts):
    """What a generation round took, or the part of it that went into one purpose.

    Attributes:
        iteration: the round; searches, tuning and edits belong to the next one.
        purpose: "pictures", "proxies", "tuning" or "edits"; "" for all together.
    """

    iteration: int
    purpose: str


@dataclass(frozen=True)
class CostReport:
    """What a session took so far. Work that a crash cut off is not in it.

    Attributes:
        total: everything, the language model too.
        per_picture: what one picture took on average to generate, as in GenBench's Table 5: without searches,
            tuning, edits and the language model. None before the first.
        iterations: round by round, everything but the language model.
        parts: the same by purpose.
        language: US dollars that the language model took; None where its price is not known, or there is none.
            It is in `total` where that is in US dollars.
        prices: those that `money` is reckoned with.
        estimated: whether the energy is an estimate, at least in part (the CPU's is: see `EnergyMeter`).
    """

    total: Amounts
    per_picture: Amounts | None
    iterations: tuple[Round, ...]
    parts: tuple[Round, ...]
    language: float | None
    prices: Prices
    estimated: bool

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values, for the widget."""
        each = asdict(self.per_picture or Amounts(0, 0.0, None, None))
        each.pop("pictures")
        return {
            "total": asdict(self.total),
            "per_picture": each,
            "iterations": [_without(asdict(row), "purpose") for row in self.iterations],
            "currency": self.prices.currency,
            "estimated": self.estimated,
        }

    def to_frame(self) -> pd.DataFrame:
        """A row for each round and purpose; NaN is not known."""
        import pandas as pd

        columns = ["iteration", "purpose", "pictures", "seconds", "energy_wh", "money"]
        frame = pd.DataFrame([asdict(row) for row in self.parts], columns=columns)
        return frame.astype({"seconds": float, "energy_wh": float, "money": float})

    def _repr_html_(self) -> str:
        energy = "energy (estimated), Wh" if self.estimated else "energy, Wh"
        heads = ("round", "work", "pictures", "seconds", energy, self.prices.currency)
        lines = [_line(str(row.iteration), _WORK[row.purpose], row) for row in self.parts]
        if self.language is not None:
            lines.append(f"<tr><th colspan=5>language model (USD)</th><td>{self.language:.4g}</td></tr>")
        lines.append(_line("all", "", self.total))
        if self.per_picture is not None:
            lines.append(_line("a picture", "", self.per_picture))
        head = "".join(f"<th>{escape(each)}</th>" for each in heads)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def cost_report(costs: Sequence[Cost], prices: Prices, language: float | None = None) -> CostReport:
    """Add up what pieces of work took.

    Args:
        costs: from `Store.costs`.
        prices: of the machine.
        language: US dollars that the language model took, or None.
    """
    keys = sorted({(cost.iteration, cost.purpose) for cost in costs})
    parts = tuple(
        _round([cost for cost in costs if (cost.iteration, cost.purpose) == key], prices, key[1])
        for key in keys
    )
    iterations = tuple(
        _round([cost for cost in costs if cost.iteration == iteration], prices)
        for iteration in sorted({cost.iteration for cost in costs})
    )
    total = _added(costs, prices)
    if total.money is not None and language is not None and prices.currency == "USD":
        total = Amounts(total.pictures, total.seconds, total.energy_wh, total.money + language)
    made = _added([cost for cost in costs if cost.purpose == "pictures"], prices)
    return CostReport(
        total,
        _divided(made) if made.pictures else None,
        iterations,
        parts,
        language,
        prices,
        estimated=any(cost.device == "cpu" and cost.joules is not None for cost in costs),
    )


def _added(costs: Iterable[Cost], prices: Prices) -> Amounts:
    known = list(costs)
    seconds = math.fsum(cost.seconds for cost in known)
    joules = [cost.joules for cost in known]
    # Of a sum of which a part is not known, nothing is known.
    all_known = [each for each in joules if each is not None]
    energy = math.fsum(all_known) / _JOULES_A_WATT_HOUR if len(all_known) == len(joules) and joules else None
    pictures = sum(cost.pictures for cost in known if cost.purpose == "pictures")
    return Amounts(pictures, seconds, energy, prices.money(seconds, energy))


def _round(costs: Sequence[Cost], prices: Prices, purpose: str = "") -> Round:
    return Round(**asdict(_added(costs, prices)), iteration=costs[0].iteration, purpose=purpose)


def _divided(made: Amounts) -> Amounts:
    count = made.pictures
    energy, money = (None if each is None else each / count for each in (made.energy_wh, made.money))
    return Amounts(1, made.seconds / count, energy, money)


def _without(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


def _line(first: str, second: str, amounts: Amounts) -> str:
    cells = [
        str(amounts.pictures),
        f"{amounts.seconds:.4g}",
        *("?" if each is None else f"{each:.4g}" for each in (amounts.energy_wh, amounts.money)),
    ]
    texts = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr><th>{escape(first)}</th><td>{escape(second)}</td>{texts}</tr>"
