"""What a training gains by a session's own pictures, and which pictures it is given."""

import numpy as np
import pytest

from datacrafter_widget import evaluate
from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.data import read_data
from datacrafter_widget.jobs import Job
from datacrafter_widget.metrics.cler import TestSplitWarning
from datacrafter_widget.store.formats.splitting import picture_families
from datacrafter_widget.training.classifier import ClassifierSettings


def read(session, test=None, **more):
    return read_data(session, test, job=Job(lambda _: None, "test"), **more)


def test_a_linear_probe_is_told_with_its_interval(session, unseen):
    found = evaluate.linear_probe(session, seeds=3, test=unseen).result(300, quiet=True)
    frame = found.to_frame().set_index("class")
    assert list(frame.index) == ["all", "apple", "crane", "fish"]
    assert found.before.runs[0].pictures < found.after.runs[0].pictures
    assert found.difference.count == 3
    assert frame.loc["all", "gain"] == pytest.approx(found.difference.mean)
    assert found.after.confusion.sum() == 3 * 15
    assert "a gain of" in repr(found)
    assert "<table>" in found._repr_html_()


def test_a_classifier_is_trained_with_and_without(session, unseen):
    settings = ClassifierSettings(model="test_resnet", image_size=32, epochs=1, steps=2)
    found = evaluate.classifier(session, settings, seeds=2, test=unseen).result(300, quiet=True)
    assert found.trainer == "test_resnet"
    assert [run.seed for run in found.after.runs] == [0, 1]
    assert len(found.after.runs[0].history) == 1
    again = evaluate.classifier(session, settings, seeds=2, test=unseen).result(300, quiet=True)
    assert [run.seconds for run in again.after.runs] == [run.seconds for run in found.after.runs]
    assert not list((session.store.folder / "comparison" / "training").iterdir())


def test_without_generated_pictures_there_is_nothing_to_gain(session, unseen):
    session.store.set_hidden([picture.id for picture in session.pictures(origin="generated")], hidden=True)
    with pytest.raises(InputError, match="generate some"):
        evaluate.linear_probe(session, test=unseen).result(300, quiet=True)


def test_cler_is_measured_on_validation_pictures(session, unseen):
    found = evaluate.cler(session).result(300, quiet=True)
    assert found.tested_on == "a split of 20% of the originals"
    session.set_validation(unseen)
    found = evaluate.cler(session).result(300, quiet=True)
    assert found.tested_on == "the session's held-out validation set"
    assert found.generated.value.count == 15
    frame = found.to_frame().set_index("class")
    assert 0 <= frame.loc["all", "generated_low"] <= frame.loc["all", "generated"] <= 1
    assert found.ensemble.value.mean >= 0.5
    assert "<table>" in found._repr_html_()


def test_cler_on_the_test_set_warns(session, unseen):
    session.set_validation(unseen, role="test")
    with pytest.warns(TestSplitWarning):
        job = evaluate.cler(session, on="test")
    assert job.result(300, quiet=True).tested_on == "the session's held-out test set"
    with pytest.raises(InputError, match="validation"):
        evaluate.cler(session, on="train")


def test_no_picture_is_trained_on_with_its_kin_held_out(session):
    data = read(session)
    families = picture_families(session.store)
    trained = {families[each] for part in (data.originals, data.generated) for each in part.pictures.ids}
    held = {families[each] for part in (data.validation, data.test) for each in part.pictures.ids}
    assert len(data.validation)
    assert len(data.test)
    assert not trained & held
    assert len(data.originals) + len(data.validation) + len(data.test) == 18
    assert np.array_equal(np.unique(data.generated.pictures.groups), [1, 2])


def test_held_out_sets_leave_all_originals_to_train_on(session, unseen):
    pairs = [(path, path.parent.name) for path in sorted(unseen.rglob("*.png"))]
    session.set_validation(pairs)
    data = read(session, pairs[1::2])
    assert (len(data.originals), len(data.generated)) == (18, 18)
    assert (len(data.validation), len(data.test)) == (8, 7)  # what tests does not choose
    assert not read(session, roles=["validation"]).test


def test_pictures_of_the_session_do_not_test(session, unseen, given):
    pairs = [(path, path.parent.name) for path in sorted(unseen.rglob("*.png"))]
    known = session.pictures("apple", origin="original")[0]
    data = read(session, [*pairs, (session.image(known.id), "apple")])
    assert len(data.test) == 15
    assert "1 of the test pictures are in the session" in " ".join(data.warnings)
    with pytest.raises(InputError, match="not in the session"):
        read(session, given)


def test_the_round_that_teaches_the_wrong_class_is_found(session, unseen):
    store = session.store
    apple, crane = (row.id for row in session.classes[:2])
    with store.transaction() as connection:  # the second round calls apples cranes and cranes apples
        connection.execute(
            "UPDATE picture SET class_id = ? - class_id WHERE iteration = 2 AND class_id IN (?, ?)",
            (apple + crane, apple, crane),
        )
    over_originals = evaluate.harmful(session).result(300, quiet=True)
    session.set_validation(unseen)
    over_validation = evaluate.harmful(session).result(300, quiet=True)
    for found in (over_originals, over_validation):
        assert [effect.group for effect in found.effects] == [2, 1]
        assert found.effects[0].gain.mean > 0
    assert over_originals.to_frame().name.tolist() == ["iteration 2", "iteration 1"]

    by_template = evaluate.harmful(session, by="template").result(300, quiet=True)
    assert sorted(name.rpartition(" ")[2] for name in by_template.to_frame().name) == [
        "apple",
        "crane",
        "fish",
    ]
    with pytest.raises(InputError, match="template"):
        evaluate.harmful(session, by="class")
