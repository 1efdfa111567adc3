"""Measures that grow with the pictures have the value of all pictures so far, however they came."""

import math

import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.metrics import cmmd, diversity, frechet_distance, kernel_distance, vendi_score
from datacrafter_widget.metrics.frechet import moments
from datacrafter_widget.metrics.running import (
    RunningCmmd,
    RunningDiversity,
    RunningFrechet,
    RunningKernelDistance,
    RunningMean,
    RunningVendi,
)

RNG = np.random.default_rng(4)
REFERENCE = RNG.normal(size=(30, 12))
PICTURES = RNG.normal(size=(41, 12)) + 0.5
UNIT = PICTURES / np.linalg.norm(PICTURES, axis=1, keepdims=True)
KINDS = {
    "mean": (RunningMean, lambda x: float(np.mean(x)) if len(x) else math.nan),
    "diversity": (RunningDiversity, diversity),
    "diversity, colder": (lambda: RunningDiversity(temperature=0.1), lambda x: diversity(x, temperature=0.1)),
    "vendi": (RunningVendi, vendi_score),
    "vendi of order 2": (lambda: RunningVendi(order=2), lambda x: vendi_score(x, order=2)),
    "cmmd": (lambda: RunningCmmd(REFERENCE), lambda x: cmmd(REFERENCE, x)),
    "kernel distance": (lambda: RunningKernelDistance(REFERENCE), lambda x: kernel_distance(REFERENCE, x)),
    "frechet": (lambda: RunningFrechet(REFERENCE), lambda x: frechet_distance(REFERENCE, x)),
    "frechet of moments": (
        lambda: RunningFrechet(moments(REFERENCE)),
        lambda x: frechet_distance(REFERENCE, x),
    ),
}


@pytest.mark.parametrize("pictures", [PICTURES, UNIT.astype(np.float32)], ids=["any", "unit, float32"])
@pytest.mark.parametrize(("start", "batch"), KINDS.values(), ids=KINDS)
def test_a_running_measure_equals_the_measure_of_all_pictures_so_far(start, batch, pictures):
    running = start()
    with np.errstate(all="raise"):
        assert math.isnan(running.value())
    for first, last in ((0, 1), (1, 1), (1, 9), (9, 10), (10, 41)):
        running.update(pictures[first:last])
        assert running.value() == pytest.approx(batch(pictures[:last]), rel=1e-6, abs=1e-9, nan_ok=True)
    assert math.isfinite(running.value())


def test_a_running_measure_refuses_what_the_function_refuses():
    for start in (RunningCmmd, RunningFrechet, RunningKernelDistance):
        with pytest.raises(InputError, match="one encoder"):
            start(REFERENCE).update(PICTURES[:, :3])
    with pytest.raises(InputError, match="temperature"):
        RunningDiversity(temperature=0)
    with pytest.raises(InputError, match="sigma"):
        RunningCmmd(REFERENCE, sigma=0)
