"""How a round measures while it is being made."""

import numpy as np
import pytest

from datacrafter_widget import Session
from datacrafter_widget.session.interim import FEWEST, PAUSE, SHARE, Interim
from datacrafter_widget.session.measuring import Seen


@pytest.fixture(scope="module")
def session(tmp_path_factory, few):
    with Session.open(tmp_path_factory.mktemp("session") / "s", images=few, batch_size=4) as opened:
        opened.observe().result()
        yield opened


def test_values_of_now_are_shown_while_a_round_is_made_and_replaced_by_its_own(session):
    assert session.metric_table() == []
    seen = []
    unsubscribe = session.events.subscribe(
        lambda event: seen.append(session.metric_table()) if event["kind"] == "metrics" else None
    )
    session.generate(per_class=4, num_inference_steps=2).result()
    unsubscribe()
    now, after = seen[0], session.metric_table()
    assert {row["provisional"] for row in now} == {True}
    assert {row["name"] for row in now if row["class_id"] is None} >= {"informativeness", "diversity"}
    assert {row["iteration"] for row in now} == {1}
    assert after
    assert not any(row["provisional"] for row in after)


def test_of_a_round_already_measured_only_the_values_of_now_are_shown(session):
    iteration = session.info()["iteration"]
    session._observer.measure_so_far(iteration)
    rows = session.metric_table()
    session._observer.interim.forget()
    assert {row["provisional"] for row in rows if row["iteration"] == iteration} == {True}
    assert not any(row["provisional"] for row in session.metric_table())


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def interim(session, clock, *, seconds=0.0, most=None):
    def see(pictures):
        clock.now += seconds / 2
        seen = session._observer.see(pictures)
        return Seen(seen.ids[:most], seen.features[:most], seen.classes[:most])

    return Interim(session._store, see, session._observer.class_probabilities, clock=clock)


def test_it_takes_a_small_share_of_the_time(session):
    clock = Clock()
    slow = interim(session, clock, seconds=10.0)
    assert slow.look(1)
    finished = clock.now
    clock.now = finished + 10.0 / SHARE - 1
    assert not slow.look(1)
    clock.now = finished + 10.0 / SHARE
    assert slow.look(1)


def test_it_looks_again_only_after_a_pause(session):
    clock = Clock()
    quick = interim(session, clock)
    assert quick.look(1)
    clock.now += PAUSE / 2
    assert not quick.look(1)
    clock.now += PAUSE / 2
    assert quick.look(1)


def test_of_too_few_pictures_nothing_is_said(session):
    few = interim(session, Clock(), most=FEWEST - 1)
    assert not few.look(1)
    assert few.rows == ()
    assert not interim(session, Clock()).look(77)


def test_the_values_of_now_are_those_of_the_whole_round_once_it_is_whole(session):
    now = interim(session, Clock())
    now.look(1)
    kept = {(row.class_id, row.name): row.value for row in session._store.metrics() if row.iteration == 1}
    assert {(row.class_id, row.name) for row in now.rows} <= set(kept)
    for row in now.rows:
        assert np.isclose(row.value, kept[row.class_id, row.name])


def test_a_picture_is_looked_at_once_unless_one_of_them_is_removed(session):
    looked = []

    def see(pictures):
        looked.append(len(pictures))
        return session._observer.see(pictures)

    clock = Clock()
    now = Interim(session._store, see, session._observer.class_probabilities, clock=clock)
    made = session._store.pictures(origin="generated", iteration=1)
    originals = len(session._store.pictures(origin="original"))
    for _ in range(2):
        assert now.look(1)
        clock.now += 10 * PAUSE
    assert looked == [originals, len(made), 0]
    session.remove([made[0].id])
    assert now.look(1)
    assert looked[3:] == [originals, len(made) - 1]
    session.undo()
