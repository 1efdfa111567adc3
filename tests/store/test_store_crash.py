"""kill -9 at any moment: what was committed is there, whole; what was not is gone without a trace."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datacrafter_widget.store import Store

WRITER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from PIL import Image
from datacrafter_widget.store import PlannedPicture, Store

def picture(seed):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8))

def drafts(class_id, count):
    same = dict(class_id=class_id, template="a {class}", prompt="a crane", guidance_scale=1.0,
                num_inference_steps=4, width=64, height=48)
    return [PlannedPicture(index=index, seed=index, **same) for index in range(count)]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

store = Store(sys.argv[1])
crane = store.class_by_name("crane") or store.add_class("crane")
store.add_template(crane.id, "a {class}")
job = store.create_job(store.next_iteration(), {"per_class": 4000}, drafts(crane.id, 4000))
print("ready", flush=True)
"""

KEEP_WRITING = """
missing = store.planned(job.id)
for start in range(0, len(missing), 4):
    batch = missing[start : start + 4]
    made = store.add_generated_batch([(picture(p.seed), p) for p in batch], "toybox", "1", 4, job.iteration)
    print(*(p.id for p in made), flush=True)
"""

DIE_AT = """
before = [p.id for p in store.add_generated_batch(
    [(picture(p.seed), p) for p in store.planned(job.id)[:4]], "toybox", "1", 4, job.iteration)]
print(*before, flush=True)
if sys.argv[2] == "write":
    real = os.fsync
    os.fsync = lambda descriptor: die()
elif sys.argv[2] == "rename":
    Path.replace = lambda *_: die()
else:
    store._connection.set_trace_callback(lambda sql: sql.strip().startswith(sys.argv[2]) and die())
store.add_generated_batch([(picture(p.seed), p) for p in store.planned(job.id)[4:8]], "toybox", "1", 4, 1)
print("survived", flush=True)
"""

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")


def check(folder: Path, shown: list[int]) -> None:
    """Reopen: every picture that was shown loads, batches are whole, nothing is half-written."""
    with Store(folder) as store:
        assert store.integrity_check(deep=True) == []
        assert [p.name for p in folder.rglob("*.tmp")] == []
        pictures = store.pictures()
        assert set(shown) <= {picture.id for picture in pictures}
        assert len(pictures) % 4 == 0
        assert all(store.load_image(picture.id).size == (64, 48) for picture in pictures)
        jobs = store.open_jobs()
        done = sum(store.job_progress(job.id)[0] for job in jobs)
        assert done == len(pictures)
        assert len(store.planned(jobs[-1].id, missing_only=True)) == 4000 - store.job_progress(jobs[-1].id)[0]


def read_ids(text: str) -> list[int]:
    whole_lines = text.rpartition("\n")[0].split("\n")
    return [int(word) for line in whole_lines if line != "ready" for word in line.split()]


def test_killed_while_adding_pictures_at_random_moments(tmp_path):
    folder, rng, shown = tmp_path / "session", random.Random(0), []
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER + KEEP_WRITING, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.05, 0.6))
        process.kill()
        shown += read_ids(process.stdout.read())
        process.stdout.close()
        process.wait()
        check(folder, shown)
    assert shown


@pytest.mark.parametrize("moment", ["write", "rename", "BEGIN", "INSERT INTO provenance", "COMMIT"])
def test_killed_at_each_step_of_a_batch(tmp_path, moment):
    folder = tmp_path / "session"
    result = subprocess.run(
        [sys.executable, "-c", WRITER + DIE_AT, str(folder), moment],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL
    assert "survived" not in result.stdout
    if moment in ("write", "rename"):
        assert list(folder.rglob("*.tmp")), "the test should have died with a file half-written"
    check(folder, read_ids(result.stdout))


def test_a_killed_first_opening_leaves_a_folder_that_opens(tmp_path):
    script = (
        "import os, signal, sys; from datacrafter_widget.store import store as module\n"
        "module.migrate = lambda connection: os.kill(os.getpid(), signal.SIGKILL)\n"
        "module.Store(sys.argv[1])"
    )
    result = subprocess.run([sys.executable, "-c", script, str(tmp_path / "session")], check=False)
    assert result.returncode == -signal.SIGKILL
    assert list((tmp_path / "session").iterdir())
    Store(tmp_path / "session").close()


def test_the_check_names_what_is_missing_or_damaged(store, paint):
    crane = store.add_class("crane").id
    first, second, third = (store.add_original(paint(seed), crane) for seed in range(3))
    store.image_path(first.id).unlink()
    other = store.image_path(second.id)
    other.write_bytes(store.image_path(third.id).read_bytes())
    assert store.integrity_check() == [f"{store.image_path(first.id)} is missing"]
    assert store.integrity_check(deep=True)[1:] == [f"{other} is damaged"]
