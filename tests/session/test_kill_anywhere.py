"""kill -9 at twenty random moments of a session: nothing that was shown is lost, nothing is there twice."""

import itertools
import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from forked import CLASSES, Forked

from datacrafter_widget.store import Store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

TRIALS = 20
ROUNDS = ({"per_class": 5, "seed": 3}, {"per_class": 3, "seed": 4})
PICTURES = [len(CLASSES) * asked["per_class"] for asked in ROUNDS]

OPEN = """
from datacrafter_widget.session import Session
folder, images, rounds = args
session = Session.open(folder, images=images, generator=generator, encoder=encoder, batch_size=4)

def tell(event):
    if event["kind"] == "pictures":
        say("shown", *(f"{one.id}:{one.sha256}" for one in session._store.pictures(ids=event["ids"])))
    elif event["kind"] == "job":
        say("doing", event["job"]["message"].partition(",")[0].replace(" ", "_") or "queued")

session.events.subscribe(tell)
"""
ASK = """
jobs = []
for number, asked in enumerate(rounds, start=1):
    jobs.append(session.generate(**asked, num_inference_steps=6))
    say("asked", number)
"""
WORK = f"""{OPEN}{ASK}
for job in jobs:
    job.result(quiet=True)
say("finished")
"""
RESUME = f"""{OPEN}
job = session.resume()
made = [] if job is None else job.result(quiet=True)
if job is None:
    session.observe().result(quiet=True)
say("made", len(made), "again", session.resume() is not None)
session.close()
"""
WAIT = "\nimport signal; signal.pause()"


def state(folder: Path) -> dict[str, object]:
    """What a session holds; it must be whole."""
    with Store(folder, read_only=True) as store:
        assert store.integrity_check(deep=True) == []
        pictures = {one.id: one for one in store.pictures(include_hidden=True)}
        generated = {number for number, one in pictures.items() if one.origin == "generated"}
        rounds = [[one.picture_id for one in store.planned(job.id)] for job in store.jobs()]
        made = [one for each in rounds for one in each if one is not None]
        assert len(made) == len(set(made)), "a picture stands for two of the plan"
        assert set(made) == generated, "a picture that nobody planned"
        return {
            "states": [job.state for job in store.jobs()],
            "rounds": [Counter(pictures[one].sha256 for one in each if one is not None) for each in rounds],
            "originals": Counter(one.sha256 for one in pictures.values() if one.origin == "original"),
            "content": {number: one.sha256 for number, one in pictures.items()},
            "placed": set(store.positions("picture")[0].tolist()),
        }


class Trial:
    """One session that is killed, and goes on."""

    def __init__(self, forked: Forked, folder: Path, few: Path) -> None:
        self.forked, self.folder, self.few = forked, folder, few
        self.shown: dict[int, str] = {}
        self.asked = 0
        self.doing = "opening"
        self.began: dict[str, float] = {}

    def run(self, code: str, *, kill_after: float | None = None, since: str = "opening") -> bool:
        """Run it, perhaps not to its end but to so many seconds since it began that; whether it was killed."""
        started = time.monotonic()
        child = self.forked.start(code, str(self.folder), str(self.few), ROUNDS)
        timer = threading.Timer(kill_after or 0, child.kill)
        self.doing, self.began = "opening", {}
        for words in itertools.chain([["opening"]], child.said()):
            self._hear(words)
            self.began.setdefault(self.doing, time.monotonic() - started)
            if kill_after is not None and self.doing == since and timer.ident is None:
                timer.start()
        timer.cancel()
        assert child.status in (0, -signal.SIGKILL)
        return child.status != 0

    def _hear(self, words: list[str]) -> None:
        if words[0] == "shown":
            for each in words[1:]:
                number, _, sha256 = each.partition(":")
                assert int(number) not in self.shown, "shown twice"
                self.shown[int(number)] = sha256
        elif words[0] == "asked":
            self.asked = int(words[1])
        elif words[0] == "made":
            assert words[2:] == ["again", "False"], "after a resume something is left to resume"
        self.doing = words[1] if words[0] == "doing" else words[0]

    def check_nothing_is_lost(self) -> None:
        content = state(self.folder)["content"]
        assert self.shown.items() <= content.items(), "what was shown is not there"

    def check_all_is_there(self, uninterrupted: dict[str, object]) -> None:
        self.check_nothing_is_lost()
        now = state(self.folder)
        rounds = len(now["rounds"])
        assert rounds >= self.asked, "a round that was asked for is forgotten"
        assert now["rounds"] == uninterrupted["rounds"][:rounds]
        assert now["states"] == ["done"] * rounds
        assert now["originals"] == uninterrupted["originals"]
        assert now["placed"] == set(now["content"])
        assert not list(self.folder.rglob("*.tmp"))


@pytest.mark.timeout(1800)
def test_killed_at_twenty_random_moments_a_session_loses_nothing_and_doubles_nothing(forked, tmp_path, few):
    whole = Trial(forked, tmp_path / "whole", few)
    assert not whole.run(WORK)
    uninterrupted = state(whole.folder)
    assert [each.total() for each in uninterrupted["rounds"]] == PICTURES
    to_generating, to_end = whole.began["generating"], whole.began["finished"]
    rng, record = random.Random(20), []
    for number in range(TRIALS):
        trial = Trial(forked, tmp_path / str(number), few)
        if number % 3 == 0:
            assert trial.run(WORK + WAIT, kill_after=rng.uniform(0.01, 1) * to_generating)
        else:
            moment = rng.uniform(0, 1) * (to_end - to_generating)
            assert trial.run(WORK + WAIT, kill_after=moment, since="generating")
        killed_while, shown = trial.doing, len(trial.shown)
        if trial.folder.exists() and (trial.folder / "session.db").exists():
            with Store(trial.folder):  # brings the log in; a new one may have no tables yet
                pass
            trial.check_nothing_is_lost()
        again = number % 2 == 1 and trial.run(RESUME, kill_after=rng.uniform(0.02, 0.4) * to_end)
        trial.run(RESUME)
        trial.check_all_is_there(uninterrupted)
        record.append({"killed_while": killed_while, "shown": shown, "killed_again": again})
        shutil.rmtree(trial.folder)
    summary = {
        "kills": TRIALS,
        "nothing_lost": len(record),
        "nothing_doubled": len(record),
        "killed_again_while_resuming": sum(one["killed_again"] for one in record),
        "killed_while": dict(Counter(one["killed_while"] for one in record)),
    }
    print(f"{len(record)} of {TRIALS}: nothing lost, nothing doubled", summary)
    if out := os.environ.get("DATACRAFTER_KILL_JSON"):
        Path(out).write_text(json.dumps({**summary, "trials": record}, indent=1), "utf-8")


def test_a_round_that_was_still_queued_is_made_after_a_kill(forked, tmp_path, few):
    trial = Trial(forked, tmp_path / "queued", few)
    at_once = 'import os, signal; say("asked", 2); os.kill(os.getpid(), signal.SIGKILL)'
    assert trial.run(OPEN + ASK + at_once)
    with Store(trial.folder) as store:
        assert [job.state for job in store.jobs()][1] == "queued"
    assert not trial.run(RESUME)
    now = state(trial.folder)
    assert now["states"] == ["done", "done"]
    assert [each.total() for each in now["rounds"]] == PICTURES
