"""Prompt strategies and guided imagination in a session of the toybox."""

import json

import pytest

from datacrafter_widget import InputError, Session, StoreError
from datacrafter_widget.models.language import OpenAILanguageModel


@pytest.fixture(scope="module")
def folder(tmp_path_factory, originals):
    folder = tmp_path_factory.mktemp("strategies") / "s"
    with Session.open(folder, images=originals, batch_size=8) as opened:
        opened.observe().result()
    return folder


@pytest.fixture
def session(folder):
    with Session.open(folder, batch_size=8) as opened:
        yield opened


def prompts_in_use(session):
    return [(row["class_id"], row["text"], row["negative"]) for row in session.template_table()]


def provenance(session, ids):
    return [picture.provenance for picture in session.pictures() if picture.id in ids]


def test_strategies_are_listed(session):
    rows = session.strategies
    assert [row["name"] for row in rows] == ["ST", "DT", "CE", "RD", "NP", "RA"]
    assert all(row["title"] and row["text"] for row in rows)
    assert session.info()["strategies"] == rows


def test_negative_prompts_reach_every_picture(session):
    crane = next(row for row in session.classes if row.name == "crane")
    (template,) = session.use_strategy("NP", "crane")
    negative = next(row["negative"] for row in session.template_table() if row["id"] == template)
    siblings = negative.split(", ")[:5]
    assert set(siblings) < {row.word for row in session.classes} - {crane.word}
    job = session.generate(per_class=2, classes="crane", num_inference_steps=2)
    made = provenance(session, job.result())
    assert [one.template_id for one in made] == [template] * 2
    assert [one.negative_prompt for one in made] == [negative] * 2
    session.undo()


def test_one_undo_takes_a_strategy_back_and_redo_brings_it(session):
    before = prompts_in_use(session)
    heard = []
    session.events.subscribe(lambda event: heard.append(event["kind"]))
    ids = session.use_strategy("simple")
    assert len(ids) == len(session.classes)
    assert {text for _, text, _ in prompts_in_use(session)} == {"{class}"}
    assert session.history()["undo"] == "use the prompts of a strategy"
    assert {"templates", "actions"} <= set(heard)
    session.undo()
    assert prompts_in_use(session) == before
    session.redo()
    assert [row["id"] for row in session.template_table()] == ids
    session.undo()


def test_prompts_may_be_added_to_those_in_use(session):
    before = prompts_in_use(session)
    (added,) = session.use_strategy("RD", "crane", replace=False, kind="bird")
    rows = session.template_table()
    assert len(rows) == len(before) + 1
    text = next(row["text"] for row in rows if row["id"] == added)
    assert text.endswith("{class}, a type of bird, ((sharp focus)), ((highly detailed)), ((hires))")
    session.undo()
    assert prompts_in_use(session) == before


def test_enhancement_says_what_the_pictures_show(session):
    (added,) = session.use_strategy("CE", "crane")
    text = next(row["text"] for row in session.template_table() if row["id"] == added)
    shown = {row["text"] for row in session.label_table()}
    assert any(f", {label}" in text for label in shown)
    session.undo()


def test_a_language_model_writes_sentences_and_its_failure_is_told(folder, chat):
    language = OpenAILanguageModel("writer", base_url=chat.url, max_retries=0, timeout=30)
    rows = [{"number": 1, "sentences": ["A grey crane stands in a [shallow] lake."]}]
    with Session.open(folder, language=language) as session:
        session.observe().result()
        chat.say(json.dumps({"classes": rows}))
        (added,) = session.use_strategy("CE", "crane")
        text = next(row["text"] for row in session.template_table() if row["id"] == added)
        assert text == "A grey {class} stands in a [[shallow]] lake"
        session.undo()
        heard = []
        session.events.subscribe(lambda event: heard.append(event) if event["kind"] == "warning" else None)
        chat.say("no JSON at all")
        session.use_strategy("CE", "boat")
        assert [event["where"] for event in heard] == ["prompts"]
        assert "content labels instead" in heard[0]["message"]
        session.undo()


def test_retrieval_takes_captions_from_a_file(session, tmp_path):
    path = tmp_path / "captions.txt"
    path.write_text("a Crane over {water} [at dawn]\na boat\n\na crane | a crane\n", encoding="utf-8")
    (added,) = session.use_strategy("RA", "crane", captions=path)
    text = next(row["text"] for row in session.template_table() if row["id"] == added)
    assert "a {class} over {{water}} [[at dawn]]" in text
    assert "a {class} / a {class}" in text
    session.undo()
    with pytest.raises(InputError, match="expected a UTF-8 text file"):
        session.use_strategy("RA", "crane", captions=tmp_path / "nowhere.txt")
    with pytest.raises(InputError, match=r"no caption speaks of 'crane'.*session.label"):
        session.use_strategy("RA", "crane")


def test_names_that_are_none(session):
    before = prompts_in_use(session)
    with pytest.raises(InputError, match=r"strategy: expected one of 'ST' .*found 'XX'"):
        session.use_strategy("XX")
    with pytest.raises(InputError, match="expected classes among"):
        session.use_strategy("ST", "no such class")
    assert prompts_in_use(session) == before


def test_a_session_that_is_only_looked_at(folder):
    with Session.open(folder, read_only=True) as session:
        assert session.strategies
        with pytest.raises(StoreError, match="read_only"):
            session.use_strategy("ST")


def test_guided_imagination_starts_from_the_originals(session):
    plain, guided, random = (
        session.generate(
            per_class=4,
            classes=["crane", "fish"],
            seed=3,
            perturbation=name,
            strength=0.5,
            num_inference_steps=4,
        ).result()
        for name in ("image2image", "gif", "gif_unoptimised")
    )

    def asked(ids):
        return {(one.seed, one.parent_id, one.prompt) for one in provenance(session, ids)}

    def contents(ids):
        return {picture.sha256 for picture in session.pictures() if picture.id in ids}

    assert len(guided) == 8
    assert asked(plain) == asked(guided) == asked(random)
    assert {one.perturbation for one in provenance(session, guided)} == {"gif"}
    assert not contents(plain) & contents(guided)
    assert not contents(guided) & contents(random)
