"""Subjects: things that no training picture shows, drawn wherever one likes."""

import numpy as np
import pytest

from datacrafter_widget.toybox.subjects import SUBJECTS, draw_subject
from datacrafter_widget.toybox.world import COLOURS, Attributes, render


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_is_of_colours_that_its_kind_never_has(name):
    drawn = draw_subject(name, np.random.default_rng(0))
    assert (drawn.shape, drawn.dtype) == ((64, 64, 3), np.uint8)
    assert np.array_equal(drawn, draw_subject(name, np.random.default_rng(0)))
    kind, _ = SUBJECTS[name]
    known = [
        render(Attributes(kind, colour, "table", "photo"), np.random.default_rng(0)) for colour in COLOURS
    ]
    nearest = min(np.abs(drawn.astype(float) - each).mean() for each in known)
    assert nearest > 3  # of 255, over the whole picture


def test_a_subject_can_be_anywhere():
    scenes = [draw_subject("marked fish", np.random.default_rng(1), scene=name) for name in ("snow", "night")]
    assert scenes[0][:8].mean() > scenes[1][:8].mean() + 30  # the sky
    with pytest.raises(ValueError, match="choose from marked apple"):
        draw_subject("marked pear", np.random.default_rng(0))
