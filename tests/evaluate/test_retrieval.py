"""Real pictures from a folder, found by the classes' words."""

import shutil

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import Session, evaluate
from datacrafter_widget.errors import InputError
from datacrafter_widget.evaluate.retrieval import fingerprints_of, look_at, retrieve
from datacrafter_widget.jobs import Job
from datacrafter_widget.toybox import write_originals


@pytest.fixture
def heap(tmp_path):
    """Pictures of more kinds than the session has, at any depth, with a file that is none."""
    folder = tmp_path / "heap"
    write_originals(folder / "deep" / "er", per_class=4, classes=["apple", "fish", "boat"], seed=7)
    (folder / "broken.png").write_text("no picture")
    (folder / "notes.txt").write_text("no picture either")
    return folder


def job():
    return Job(lambda _: None, "test")


def test_a_folder_is_looked_at_once(session, heap, tmp_path):
    cache = tmp_path / "cache"
    first = look_at(session, heap, cache, job())
    assert (len(first.paths), first.unreadable) == (12, 1)
    assert first.features.shape == (12, session.models.encoder.dim)
    kept = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    again = look_at(session, heap, cache, job())
    assert np.array_equal(again.features, first.features)
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == kept

    Image.new("RGB", (64, 64), "red").save(heap / "new.png")
    assert len(look_at(session, heap, cache, job()).paths) == 13


def test_the_nearest_to_a_class_are_found_without_copies(session, heap, tmp_path):
    (fish, *_) = sorted((heap / "deep" / "er" / "fish").iterdir())
    shutil.copy(fish, heap / "again.png")
    seen = look_at(session, heap, tmp_path / "cache", job())
    texts = session.models.encoder.encode_texts(["a photo of an apple", "a photo of a fish"])
    apples, fishes = retrieve(seen, texts, fingerprints_of([]), per_class=3)
    assert all("apple" in seen.paths[row].name for row in apples)
    assert len({seen.contents[row] for row in fishes}) == len(fishes) == 3

    _, others = retrieve(seen, texts, fingerprints_of([fish]), per_class=10)
    assert len(others) >= 3
    assert not {seen.contents[row] for row in others} & {seen.contents[seen.paths.index(fish)]}


def test_a_comparison_with_retrieved_pictures(session, unseen, heap):
    found = evaluate.compare(
        session, ["original", "retrieved"], [2], seeds=2, test=unseen, retrieved_from=heap
    ).result(300, quiet=True)
    assert 4 <= found.cells[-1].added < 6
    assert found.costs["retrieved"].total.seconds > 0
    assert "retrieved: fewer than 2 pictures" in " ".join(found.warnings)


def test_pictures_that_test_are_not_retrieved(session, unseen):
    with pytest.raises(InputError, match="nothing such"):
        look_at(session, unseen / "nowhere", unseen, job())
    found = evaluate.compare(
        session, ["original", "retrieved"], [2], seeds=2, test=unseen, retrieved_from=unseen
    ).result(300, quiet=True)
    assert {cell.added for cell in found.cells} == {0}


def test_a_folder_without_pictures_is_refused(session: Session, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found none at any depth"):
        look_at(session, tmp_path / "empty", tmp_path / "cache", job())
