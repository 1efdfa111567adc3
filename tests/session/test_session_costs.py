"""What rounds and searches took, in time, energy and money; what is not known is never nothing."""

import json

import pytest

from datacrafter_widget import InputError, Prices, Session, StoreError
from datacrafter_widget.models.energy import Spent
from datacrafter_widget.models.language import OpenAILanguageModel
from datacrafter_widget.session.billing import LanguageBill
from datacrafter_widget.session.cost_report import cost_report
from datacrafter_widget.store import Store


@pytest.fixture(scope="module")
def worked(tmp_path_factory, originals):
    """A session with two rounds and a search, the numbers of pictures made, and how often costs were told."""
    told = []
    with Session.open(tmp_path_factory.mktemp("costs") / "s", images=originals, batch_size=8) as session:
        session.events.subscribe(lambda event: told.append(event) if event["kind"] == "cost" else None)
        first = session.generate(8, classes=["fish"], num_inference_steps=2).result()
        second = session.generate(4, classes=["apple"], num_inference_steps=2).result()
        session.remove(first[:3], max_proxies=20).result()
        yield session, (len(first), len(second)), len(told)


def test_every_round_has_its_time_and_energy(worked):
    session, made, _ = worked
    parts = [(row.iteration, row.purpose, row.pictures) for row in session.cost.parts]
    assert parts == [(1, "pictures", made[0]), (2, "pictures", made[1]), (3, "proxies", 0)]
    assert all(row.seconds > 0 and row.energy_wh > 0 for row in session.cost.parts)
    assert session.cost.estimated  # it ran on the CPU
    assert worked[2] >= 3


def test_the_sums_add_up(worked):
    report = worked[0].cost
    for name in ("pictures", "seconds", "energy_wh"):
        whole = getattr(report.total, name)
        assert whole == pytest.approx(sum(getattr(row, name) for row in report.iterations))
        assert whole == pytest.approx(sum(getattr(row, name) for row in report.parts))
    rounds = [row for row in report.parts if row.purpose == "pictures"]
    assert report.per_picture.seconds == pytest.approx(
        sum(row.seconds for row in rounds) / sum(row.pictures for row in rounds)
    )


def test_money_is_hours_times_their_price_and_energy_times_its_own(worked):
    session, _, told = worked
    assert session.cost.total.money is None
    session.prices = Prices(per_hour=1.47, per_kwh=0.3, currency="EUR")
    report = session.cost
    for row in (report.total, report.per_picture, *report.iterations):
        assert row.money == pytest.approx(1.47 * row.seconds / 3600 + 0.3 * row.energy_wh / 1000)
    session.prices = Prices(per_kwh=0.3)
    assert session.cost.total.money == pytest.approx(0.3 * report.total.energy_wh / 1000)
    session.prices = Prices()
    assert session.cost.total.money is None
    assert told


def test_a_session_that_is_reopened_knows_what_it_took_and_its_prices(tmp_path, originals):
    with Session.open(tmp_path / "s", images=originals, batch_size=4) as session:
        session.generate(2, classes=["fish"], num_inference_steps=1).result()
        session.prices = Prices(per_hour=2.5, currency="CHF")
        before = session.cost
    with Session.open(tmp_path / "s", read_only=True) as session:
        assert session.prices == Prices(per_hour=2.5, currency="CHF")
        assert session.cost == before
        with pytest.raises(StoreError, match="read_only"):
            session.prices = Prices()


def test_the_report_can_be_read_as_a_table_a_frame_and_json(worked):
    report = worked[0].cost
    frame = report.to_frame()
    assert frame["seconds"].sum() == pytest.approx(report.total.seconds)
    assert frame["money"].isna().all()
    assert list(frame["purpose"]) == ["pictures", "pictures", "proxies"]
    html = report._repr_html_()
    assert "energy (estimated), Wh" in html
    assert html.count("<tr>") == 1 + len(report.parts) + 2
    row = json.loads(json.dumps(worked[0].info()["cost"]))
    assert row["total"]["money"] is None
    assert row["per_picture"]["seconds"] == pytest.approx(report.per_picture.seconds)
    assert [each["iteration"] for each in row["iterations"]] == [1, 2, 3]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "session") as opened:
        yield opened


def test_what_is_not_known_is_not_nothing(store):
    nothing = cost_report(store.costs(), Prices(per_hour=1.0))
    assert nothing.per_picture is None
    assert nothing.total.energy_wh is None
    store.add_cost(1, None, "pictures", 10, Spent(3600.0, 7200.0), "cuda:0")
    store.add_cost(2, None, "pictures", 10, Spent(1800.0, None), "mps")
    report = cost_report(store.costs(), Prices(per_hour=1.0, per_kwh=1.0))
    assert [row.energy_wh for row in report.iterations] == [2.0, None]
    assert [row.money for row in report.iterations] == [pytest.approx(1.002), None]
    assert (report.total.energy_wh, report.total.money, report.per_picture.money) == (None, None, None)
    assert not report.estimated  # a card's own counter
    assert "?" in report._repr_html_()


def test_genbenchs_price_of_a_picture(store):
    store.add_cost(1, None, "pictures", 1000, Spent(1.74 * 3600, None), "cuda:0")
    assert cost_report(store.costs(), Prices(per_hour=1.47)).per_picture.money == pytest.approx(
        2.56e-3, rel=0.01
    )


def asked(chat, prices):
    """A language model that answers, and so has something to bill."""
    chat.say('{"word": "crane"}')
    return OpenAILanguageModel("tiny", base_url=chat.url, max_retries=0, prices=prices)


SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}


def test_the_language_models_cost_is_kept_and_added_in_dollars(store, chat):
    model = asked(chat, (1000.0, 1000.0))
    bill = LanguageBill(store, model)
    assert bill.settle() is None  # nothing was asked
    model.answer("Say a word.", "Which?", SCHEMA)
    first = bill.settle()
    assert first == pytest.approx(model.usage.cost)
    assert first > 0
    assert bill.settle() == first
    assert LanguageBill(store, None).settle() == first  # another process, without a model
    again = LanguageBill(store, model)  # the same model goes on: its past is billed already
    model.answer("Say a word.", "Which other?", SCHEMA)
    assert again.settle() == pytest.approx(model.usage.cost)
    store.add_cost(1, None, "pictures", 1, Spent(3600.0, None), "cuda:0")
    dollars = cost_report(store.costs(), Prices(per_hour=1.0), again.settle())
    assert dollars.total.money == pytest.approx(1 + model.usage.cost)
    assert dollars.iterations[0].money == 1
    euros = cost_report(store.costs(), Prices(per_hour=1.0, currency="EUR"), again.settle())
    assert (euros.total.money, euros.language) == (1, again.settle())


def test_a_language_model_without_a_price_costs_nobody_knows_what(store, chat):
    model = asked(chat, None)
    bill = LanguageBill(store, model)
    model.answer("Say a word.", "Which?", SCHEMA)
    assert bill.settle() is None
    assert LanguageBill(store, model).settle() is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"per_hour": -1},
        {"per_hour": "1.5"},
        {"per_kwh": float("nan")},
        {"currency": "dollars"},
        {"currency": ""},
    ],
)
def test_prices_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError, match="expected"):
        Prices(**wrong)
