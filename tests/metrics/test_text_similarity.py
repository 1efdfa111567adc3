"""Mean text similarity against sorting all captions."""

import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics import text_similarity
from datacrafter_widget.metrics.text_similarity import mean_text_similarity
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.toybox.captions import caption
from datacrafter_widget.toybox.world import sample_attributes


def test_the_nearest_captions_are_averaged_whatever_the_chunks(monkeypatch):
    rng = np.random.default_rng(0)
    names, captions = rng.normal(size=(3, 8)), rng.normal(size=(50, 8))
    expected = np.sort(names @ captions.T, axis=1)[:, -7:].mean(axis=1)
    assert np.allclose(mean_text_similarity(names, captions, top=7), expected)
    monkeypatch.setattr(text_similarity, "CHUNK_ROWS", 4)
    assert np.allclose(mean_text_similarity(names, captions, top=7), expected)
    assert np.allclose(mean_text_similarity(names, captions, top=99), (names @ captions.T).mean(axis=1))


def test_classes_that_the_captions_speak_of_are_nearer_than_others():
    rng = np.random.default_rng(0)
    encoder = OpenClipEncoder("toybox", device="cpu")
    captions = encoder.encode_texts([caption(sample_attributes(rng), rng).text for _ in range(500)])
    known, unknown = (("house", "boat", "red apple"), ("ship", "cottage", "fruit"))
    names = encoder.encode_texts([f"a photo of a {word}" for word in known + unknown])
    near, far = np.split(mean_text_similarity(names, captions), 2)
    assert near.min() > far.max()


@pytest.mark.parametrize(
    ("captions", "top", "words"),
    [(np.zeros((0, 4)), 3, "at least one caption"), (np.ones((5, 3)), 3, "4 values"), (np.eye(4), 0, "top")],
)
def test_bad_input_is_named(captions, top, words):
    with pytest.raises(InputError, match=words):
        mean_text_similarity(np.eye(4), captions, top=top)
