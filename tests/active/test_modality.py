"""Pictures and texts lie in two cones; the way between them is explicit."""

import numpy as np
import pytest

from datacrafter_widget.active.modality import ModalityGap, project_onto_memory, unit_rows
from datacrafter_widget.errors import InputError

MEANINGS = 12


@pytest.fixture
def cones():
    """The same meanings as pictures and as texts, in two cones far apart; the pictures are noisy."""
    rng = np.random.default_rng(3)
    meaning = 0.6 * rng.standard_normal((MEANINGS, 24))
    image_side, text_side = rng.standard_normal((2, 24))
    images = unit_rows(meaning + image_side + 0.05 * rng.standard_normal(meaning.shape), "images")
    return images, unit_rows(meaning + text_side, "texts")


def right(images, texts):
    return np.mean((images @ texts.T).argmax(axis=1) == np.arange(MEANINGS))


def test_recentring_finds_the_text_of_every_picture(cones):
    images, texts = cones
    gap = ModalityGap.between(images, texts)
    assert gap.size > 0.5
    assert right(gap.centre_images(images), gap.centre_texts(texts)) == 1.0
    assert np.allclose(np.linalg.norm(gap.centre_images(images), axis=1), 1)


def test_pictures_move_to_where_texts_lie(cones):
    images, texts = cones
    moved = ModalityGap.between(images, texts).as_texts(images)
    assert np.mean(np.sum(moved * texts, axis=1)) > np.mean(np.sum(images * texts, axis=1)) + 0.2
    assert right(moved, texts) == 1.0


def test_projection_lands_among_the_texts(cones):
    images, texts = cones
    gap = ModalityGap.between(images, texts)
    sharp = project_onto_memory(images, texts, temperature=0.01, gap=gap)
    assert np.allclose(sharp, texts, atol=1e-3)
    wide = project_onto_memory(images, texts, temperature=1e3)
    assert np.allclose(wide, unit_rows(texts.mean(axis=0)[None], "texts"), atol=1e-2)


def test_bad_input_is_named(cones):
    images, texts = cones
    with pytest.raises(InputError, match=r"memory: expected an array of \(N, D\)"):
        project_onto_memory(images, texts[0], temperature=0.01)
    with pytest.raises(InputError, match="expected an array of \\(N, 24\\)"):
        project_onto_memory(images[:, :5], texts, temperature=0.01)
    with pytest.raises(InputError, match="temperature"):
        project_onto_memory(images, texts, temperature=0)
    with pytest.raises(InputError, match="finite"):
        ModalityGap.between(np.full((2, 24), np.nan), texts)
    with pytest.raises(InputError, match="one picture and one text"):
        ModalityGap.between(images[:0], texts)
