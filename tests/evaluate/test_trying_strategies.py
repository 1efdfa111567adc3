"""Prompt strategies tried out on the toybox."""

import json
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from datacrafter_widget import JobCancelled, Prices, Session
from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate import strategies
from datacrafter_widget.evaluate.strategy_sets import strategy_set
from datacrafter_widget.generation.strategies import make
from datacrafter_widget.jobs import JobRunner
from datacrafter_widget.metrics.cler import TestSplitWarning
from datacrafter_widget.toybox import write_originals

CAPTIONS = ("a photo of an apple on grass", "a sketch of a crane", "two fish on the beach", " ")


@pytest.fixture(scope="module")
def lab(tmp_path_factory, toybox, clip):
    folder = tmp_path_factory.mktemp("lab")
    originals = write_originals(
        folder / "originals", per_class=6, classes=("apple", "crane", "fish"), seed=11
    )
    with Session.open(folder / "session", originals, generator=toybox, encoder=clip) as opened:
        opened.observe().cancel()  # nobody looks at the map
        opened.prices = Prices(per_hour=3.6)
        yield opened


@pytest.fixture(scope="module")
def report(lab):
    return strategies(lab, ("ST", "negative"), (1, 2), captions=CAPTIONS).result(quiet=True)


def test_every_strategy_is_scored_at_every_budget_and_left_for_a_look(lab, report):
    assert [(row.strategy, row.per_class) for row in report.rows] == [
        ("ST", 1), ("ST", 2), ("NP", 1), ("NP", 2)
    ]  # fmt: skip
    assert all(0 <= row.scores.cler.mean <= 1 for row in report.rows)
    assert report.best.scores.cler.mean == max(row.scores.cler.mean for row in report.rows)
    assert report.measured_on == "the 18 originals"
    assert report.zero_shot.mean > 0.5
    assert not lab.pictures(origin="generated")
    with Session.open(report.rows[-1].folder) as made:
        pictures = made.pictures(origin="generated")
        assert sorted({row.name for row in made.classes}) == ["apple", "crane", "fish"]
        assert len(pictures) == 6
        assert all("misfigured" in picture.provenance.negative_prompt for picture in pictures)


def test_nothing_is_made_twice_and_costs_are_of_making(lab, report):
    again = strategies(lab, ("ST", "NP"), (1, 2), captions=CAPTIONS).result(quiet=True)
    assert again.to_json() == report.to_json()
    assert report.rows[0].seconds > 0
    assert report.rows[0].money == pytest.approx(report.rows[0].seconds / 1000)


def test_the_domain_gap_tells_which_class_the_captions_know_least(lab, report):
    gap = report.domain_gap
    assert list(gap.similarity) == ["apple", "crane", "fish"]
    assert (gap.captions, gap.nearest) == (3, 3)
    assert gap.mean == pytest.approx(sum(gap.similarity.values()) / 3)
    assert strategies(lab, ["ST"], [2]).result(quiet=True).domain_gap is None


def test_the_report_is_a_table_a_page_json_and_a_figure(report):
    frame = report.to_frame()
    assert frame["strategy"].tolist() == ["ST", "ST", "NP", "NP"]
    assert (frame["cler_low"] <= frame["cler"]).all()
    kept = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert kept["rows"][0]["diversity"] is None  # of one picture a class
    assert kept["rows"][1]["cler"]["mean"] == frame["cler"][1]
    HTMLParser().feed(report._repr_html_())
    assert report._repr_html_().count("<tr>") == 5
    assert "zero-shot" in str(report)
    figure = report.figure()
    assert [trace.name for trace in figure.data] == ["ST Simple", "NP Negative prompts"]
    assert list(figure.data[0].x) == [1, 2]


def test_a_set_that_was_cut_off_goes_on_where_it_was(tmp_path, toybox, clip):
    words = {"a": "apple", "b": "boat"}
    runner = JobRunner()

    def run(job):
        return strategy_set(
            tmp_path, "ST", make("ST", list(words.values())), words, 9, toybox, clip, seed=4, job=job
        )

    stopped = runner.submit(run, "cut off")
    stopped.subscribe(lambda job: job.progress.done >= toybox.defaults.batch_size and job.cancel())
    with pytest.raises(JobCancelled):
        stopped.result(quiet=True)
    whole = runner.submit(run, "whole").result(quiet=True)
    runner.close()
    assert whole.features.shape == (18, clip.dim)
    assert whole.classes.tolist() == [0, 1] * 9
    features, classes = whole.first(2)
    assert classes.tolist() == [0, 1, 0, 1]
    assert (features == whole.features[:4]).all()
    with Session.open(whole.folder, read_only=True) as made:
        assert sum(cost.pictures for cost in made.store.costs()) == 18


def test_pictures_without_a_session_leave_nothing_behind(originals, toybox, clip, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pairs = [
        (path, path.parent.name) for path in sorted(originals.glob("*/*.png")) if path.parent.name in "pear"
    ]
    job = strategies(pairs, ["ST"], [1], generator=toybox, encoder=clip)
    assert job.result(quiet=True).measured_on == "the 6 originals"
    assert not list(Path(tmp_path).glob("datacrafter-strategies-*"))


def test_the_test_split_warns_and_has_to_be_there(lab, unseen):
    with pytest.warns(TestSplitWarning, match="strategies' scores") as caught:
        job = strategies(lab, ["ST"], [2], on="test")
    assert caught[0].filename == __file__
    with pytest.raises(InputError, match="role='test'"):
        job.result(quiet=True)
    lab.set_validation(unseen)
    report = strategies(lab, ["ST"], [2]).result(quiet=True)
    assert report.measured_on == "15 held-out validation pictures"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"strategies": ["XX"]}, "XX"),
        ({"strategies": []}, "at least one strategy"),
        ({"budgets": [0]}, "budgets from 1"),
        ({"captions": [" "]}, "at least one"),
        ({"on": "train"}, "'train'"),
        ({"generator": "toybox"}, "own models"),
    ],
)
def test_bad_input_is_named_at_once(lab, arguments, words):
    with pytest.raises(InputError, match=words):
        strategies(lab, **arguments)
