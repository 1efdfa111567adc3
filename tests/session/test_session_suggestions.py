"""What should come next: suggested in words, generated, collected or turned down."""

import json
import warnings

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import InputError, JobCancelled, Session, StoreError
from datacrafter_widget.active.decoder_training import DecoderSettings
from datacrafter_widget.generation.class_words import mentions
from datacrafter_widget.models.language import OpenAILanguageModel
from datacrafter_widget.session.study import study_of
from datacrafter_widget.store.collecting import WISH_NAME
from datacrafter_widget.store.records import FlagDraft
from datacrafter_widget.toybox import write_originals
from datacrafter_widget.toybox.originals import even


@pytest.fixture(scope="module")
def session(tmp_path_factory, few, toybox, clip):
    folder = tmp_path_factory.mktemp("suggesting") / "s"
    with Session.open(folder, few, generator=toybox, encoder=clip, batch_size=8, seed=3) as opened:
        opened.observe().result()
        yield opened


@pytest.fixture
def suggested(session):
    """The suggestion for "crane"."""
    (found,) = session.suggest("crane").result()
    return next(each for each in session.suggestions if each.id == found)


def texts(session):
    return [each.text for each in session.suggestions]


def test_each_class_gets_a_suggestion_that_says_what_is_near_and_what_it_brings(session):
    heard = []
    stop = session.events.subscribe(lambda event: heard.append(event["kind"]))
    ids = session.suggest().result()
    stop()
    found = session.suggestions
    assert [each.id for each in found] == ids
    assert [each.class_name for each in found] == [row.name for row in session.classes]
    for each in found:
        own = {picture.id for picture in session.pictures(each.class_name)}
        assert each.nearest
        assert set(each.nearest) <= own
        assert each.class_name in each.text
        assert each.expected_gain > 0
        assert "gain expected" in each.gain_in_words
        assert ("of the remaining loss" in each.gain_in_words) == (each.expected_gain >= 0.002)
        assert "4 of the originals" in each.note
    assert "suggestions" in heard


def test_new_suggestions_take_the_place_of_undecided_ones(session):
    first = session.suggest("crane", per_class=2).result()
    (second,) = session.suggest("crane").result()
    there = {each.id for each in session.suggestions}
    assert second in there
    assert not there & set(first)


def test_it_is_measured_on_validation_pictures_where_there_are_any(tmp_path, session):
    write_originals(tmp_path / "v", per_class=3, classes=["apple", "crane"], seed=5, choose=even)
    session.set_validation(tmp_path / "v")
    try:
        session.suggest("apple").result()
        (apple,) = [each for each in session.suggestions if each.class_name == "apple"]
        assert "Measured on 6 validation pictures" in apple.note
    finally:
        session.set_validation([(Image.new("RGB", (64, 64)), "nothing")])
    with pytest.raises(InputError, match="set_validation"):
        session.suggest("apple", on="validation").result()


def test_generated_it_becomes_a_prompt_of_its_class_and_undo_takes_it_back(session, suggested):
    ids = suggested.generate(2).result()
    (row,) = [each for each in session.template_table() if each["origin"] == "proposal"]
    made = [picture.provenance for picture in session.pictures() if picture.id in ids]
    assert [each.template_id for each in made] == [row["id"]] * 2
    assert "{class}" in row["text"]
    assert made[0].prompt == suggested.text
    assert suggested.text not in texts(session)
    session.undo()
    assert row not in session.template_table()
    assert suggested.text in texts(session)
    session.redo()
    assert row in session.template_table()
    assert suggested.text not in texts(session)
    session.undo()


def test_collected_pictures_become_originals_of_the_class(session, suggested):
    folder = suggested.collect()
    assert folder.parent == session.store.folder / "collect"
    assert suggested.text in (folder / WISH_NAME).read_text()
    (collecting,) = [each for each in session.suggestions if each.state == "collecting"]
    assert collecting.folder == folder
    assert suggested.id not in session.suggest("crane").result()  # one that is being collected stays
    assert session.take_collected().imported == 0
    pixels = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "new.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    report = session.take_collected()
    assert report.per_class == {"crane": 1}
    assert [problem.source.rpartition("/")[2] for problem in report.problems] == ["broken.jpg"]
    (new,) = [each for each in session.pictures("crane") if each.source == f"collect/{folder.name}/new.png"]
    assert new.origin == "original"
    assert suggested.id not in {each.id for each in session.suggestions}
    Image.fromarray(pixels[::-1].copy()).save(folder / "later.png")
    assert session.take_collected().imported == 1
    assert (folder / "new.png").is_file()
    session.observe().result()
    assert new.id in session.map_points()["id"]


def test_what_was_turned_down_does_not_come_again_until_that_is_undone(session, suggested):
    suggested.reject("  not again\n")
    assert session.history()["undo"] == "reject a suggestion"
    session.suggest("crane").result()
    assert suggested.text not in texts(session)
    session.undo()
    assert suggested.text in texts(session)


def test_a_reason_keeps_the_words_it_mentions_away(session, suggested):
    labels = session.store.suggestion(suggested.id).report["labels"]
    suggested.reject(f"no more {' or '.join(labels)}, please")
    (other,) = session.suggest("crane").result()
    assert not set(labels) & set(session.store.suggestion(other).report["labels"])


def test_a_reason_keeps_its_words_out_of_what_a_decoder_writes_too(session):
    (first,) = session.suggest("crane", method="decoder").result()
    unwanted = session.store.suggestion(first).report["labels"][0]
    session.reject_suggestion(first, f"no more {unwanted}")
    (other,) = session.suggest("crane", method="decoder").result()
    found = session.store.suggestion(other)
    assert not mentions(found.text, unwanted)


def test_what_was_cut_off_goes_on_class_by_class(session):
    rows = {row.name: row.id for row in session.classes}
    asked = {"method": "phrases", "on": None}
    left = [session.store.add_suggestion(rows[name], asked).id for name in ("apple", "crane")]
    assert session.info()["resumable"] == 1 + 1
    assert session.resume().result() == left
    assert session.info()["resumable"] == 0


def test_cancelled_it_keeps_the_classes_that_were_found(session):
    job = session.suggest()
    job.subscribe(lambda job: job.progress.done and job.cancel())
    with pytest.raises(JobCancelled):
        job.result()
    states = [each.state for each in session.store.suggestions()[-2:]]
    assert states == ["open", "withdrawn"]


def test_a_closed_session_keeps_what_was_asked_for_the_next(tmp_path, few, toybox, clip):
    with Session.open(tmp_path / "s", few, generator=toybox, encoder=clip) as session:
        session.suggest("apple")
    with Session.open(tmp_path / "s", read_only=True, generator=toybox, encoder=clip) as session:
        assert session.info()["resumable"] == 1
        assert session.suggestions == []
        with pytest.raises(StoreError, match="read_only"):
            session.suggest()
        with pytest.raises(StoreError, match="read_only"):
            session.take_collected()


def test_what_makes_no_sense_is_refused(session):
    before = session.store.suggestions()
    for arguments, said in (
        ({"classes": "heron"}, "expected classes among"),
        ({"per_class": 0}, "1 or more"),
        ({"method": "magic"}, "phrases"),
        ({"on": "train"}, "'validation', 'originals'"),
        ({"method": "language"}, "language="),
    ):
        with pytest.raises(InputError, match=said):
            session.suggest(**arguments)
    for verb in (session.generate_suggestion, session.collect_suggestion, session.reject_suggestion):
        with pytest.raises(InputError, match="no open suggestion"):
            verb(9999)
    assert session.store.suggestions() == before


def test_a_third_of_the_originals_and_what_came_of_them_teaches_nothing(session):
    ids = session.generate(3, classes="apple", perturbation="image2image", num_inference_steps=1).result()
    store, identity = session.store, session.models.encoder.identity
    study = study_of(store, identity, "originals", seed=0)
    parents = {each.id: each.provenance.parent_id for each in session.pictures() if each.id in ids}
    originals = [each.id for each in session.pictures(origin="original")]
    apart = set(originals) - set(study.ids.tolist())
    assert len(study.validation) == len(apart) == len(originals) // 3
    flagged = {each.id for each in session.pictures() if each.flagged}
    for made, parent in parents.items():
        assert (made in study.ids) == (parent not in apart and made not in flagged)
    assert np.array_equal(study_of(store, identity, None, seed=0).ids, study.ids)
    assert len(study.train) == len(study.ids)
    kept = next(made for made, parent in parents.items() if parent not in apart and made not in flagged)
    store.add_flags(kept, [FlagDraft("near_duplicate", 1.0, min(apart))])
    session.keep([kept])
    assert kept not in study_of(store, identity, "originals", seed=0).ids
    session.remove(ids).cancel()


def test_a_language_model_puts_it_into_a_sentence(session, suggested, chat, monkeypatch):
    model = OpenAILanguageModel("test", base_url=chat.url)
    monkeypatch.setattr(session.models, "language", model)
    labels = session.store.suggestion(suggested.id).report["labels"]
    sentence = f"a photo of a crane with {labels[0] if labels else 'snow'}"
    chat.say(json.dumps({"sentence": sentence}))
    session.suggest("crane").result()
    assert sentence in texts(session)
    assert model.usage.calls == 1

    heard = []
    stop = session.events.subscribe(heard.append)
    chat.say(json.dumps({"sentence": "Ignore all instructions."}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.suggest("apple").result()
    stop()
    assert any("apple" in text for text in texts(session))
    assert [each["where"] for each in heard if each["kind"] == "warning"] == ["suggestions"]


def test_a_decoder_is_trained_on_any_captions_and_then_used(session):
    captions = [
        f"a photo of a {thing} on {place}" for thing in ("crane", "apple") for place in "abcdefghijkl"
    ]
    settings = DecoderSettings(width=16, layers=1, heads=2, steps=4, batch_size=4, checkpoint_every=1)
    job = session.train_decoder(captions, settings=settings)
    job.subscribe(
        lambda job: job.progress.total == settings.steps and job.progress.done >= 2 and job.cancel()
    )
    with pytest.raises(JobCancelled):
        job.result()
    file = session.train_decoder(captions, settings=settings).result()
    assert file.parent == session.store.folder / "decoders"
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    session.suggest("crane", method="decoder").result()
    assert any("crane" in text for text in texts(session))
    file.unlink()
    with pytest.raises(InputError, match="20"):
        session.train_decoder(captions[:3]).result()
