"""The evaluation of rounds that goes on behind a session."""

import pytest

from datacrafter_widget.session import Session
from datacrafter_widget.toybox import write_originals


@pytest.fixture(scope="module")
def session(tmp_path_factory, few, toybox, clip):
    folder = tmp_path_factory.mktemp("evaluating") / "s"
    with Session.open(folder, few, generator=toybox, encoder=clip, batch_size=8) as opened:
        opened.generate(4, seed=1).result()
        opened.generate(4, seed=2, perturbation="image2image", strength=0.6).result()
        yield opened


def by_round(session, name="probe", class_id=None):
    rows = session.evaluation_table()["rows"]
    return {
        row["iteration"]: row["value"] for row in rows if row["name"] == name and row["class_id"] == class_id
    }


def usable(session, iteration):
    """What an export has of a round."""
    return [picture.id for picture in session.pictures(iteration=iteration) if not picture.flagged]


def test_every_round_is_measured_on_originals_that_taught_nothing(session):
    verdict = session.verdict()
    table = session.evaluation_table()
    first, second = len(usable(session, 1)), len(usable(session, 2))
    assert verdict.pictures == second
    assert f"All {first + second} in 2 rounds" in verdict.text
    assert table["verdict"]["text"] == str(verdict)
    assert table["measured_on"] == "on 12 originals, by cross-validation"
    for name in ("probe", "cler"):
        assert sorted(by_round(session, name)) == [0, 1, 2]
        assert sorted(by_round(session, name, session.classes[0].id)) == [0, 1, 2]
    for row in table["rows"]:
        assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1


def test_only_what_changed_is_measured_again(session):
    session.verdict()
    kept = {row.key: row.id for row in session.store.evaluations("round")}
    second = usable(session, 2)
    told = []
    unsubscribe = session.events.subscribe(lambda event: told.append(event["kind"]))
    session.remove(second[:3]).cancel()
    assert session.verdict().pictures == len(second) - 3
    now = {row.key: row.id for row in session.store.evaluations("round")}
    assert len(kept.items() & now.items()) == 2
    assert "evaluation" in told
    session.undo()
    assert session.verdict().pictures == len(second)
    unsubscribe()


def test_validation_pictures_take_the_originals_place(session, tmp_path, few):
    classes = sorted(each.name for each in few.iterdir())
    session.set_validation(write_originals(tmp_path / "apart", per_class=5, classes=classes, seed=5))
    verdict = session.verdict()
    assert session.evaluation_table()["measured_on"] == "on 10 validation pictures"
    assert sorted(by_round(session)) == [0, 1, 2]
    assert "cross-validated" not in verdict.text


def test_a_read_only_session_shows_what_was_found(session):
    said = session.verdict()
    with Session.open(session.store.folder, read_only=True) as reader:
        assert reader.verdict() == said
        assert reader.evaluation_table() == session.evaluation_table()


def test_too_few_originals_are_said_to_be_too_few(tmp_path, few, toybox, clip):
    name = "apple"
    picture = next((few / name).iterdir())
    with Session.open(tmp_path / "s", [(picture, name)], generator=toybox, encoder=clip) as session:
        assert session.verdict().effect == "unknown"
        session.observe().result()
        assert session.verdict().text.startswith("Not measured")
