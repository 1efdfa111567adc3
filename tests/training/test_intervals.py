import math

import numpy as np
import pytest
from scipy.stats import t, ttest_rel

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.intervals import mean_interval, paired_difference


def test_the_interval_is_students():
    values = np.random.default_rng(0).normal(0.5, 0.1, 6)
    found = mean_interval(values, 0.9)
    low, high = t.interval(0.9, 5, values.mean(), values.std(ddof=1) / math.sqrt(6))
    assert (found.mean, found.low, found.high) == pytest.approx((values.mean(), low, high))
    assert found.count == 6


def test_one_value_has_no_interval_and_none_has_no_mean():
    one = mean_interval([0.5])
    assert (one.mean, one.count, str(one)) == (0.5, 1, "0.500")
    assert math.isnan(one.low)
    assert math.isnan(mean_interval([math.nan]).mean)
    assert str(mean_interval([])) == "none"


def test_intervals_read_as_people_write_them():
    assert str(mean_interval([0.50, 0.51, 0.53])) == "0.513 ± 0.038"
    assert str(paired_difference([0.5, 0.6], [0.4, 0.5])) == "+0.100 ± 0.000"


def test_the_difference_is_the_two_sided_paired_t_test():
    rng = np.random.default_rng(1)
    before = rng.normal(size=8)
    after = before + rng.normal(0.3, 0.5, 8)
    found, expected = paired_difference(after, before), ttest_rel(after, before)
    low, high = expected.confidence_interval(0.95)
    assert (found.mean, found.p_value) == pytest.approx((np.mean(after - before), expected.pvalue))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_pairs_that_differ_alike_are_certain():
    assert paired_difference([0.5, 0.6], [0.4, 0.5]).p_value == 0
    assert paired_difference([0.5, 0.6], [0.5, 0.6]).p_value == 1
    assert math.isnan(paired_difference([0.5], [0.4]).p_value)


def test_values_that_make_no_pairs_are_refused():
    with pytest.raises(InputError, match="one list of seeds"):
        paired_difference([0.5, 0.6], [0.5])
    with pytest.raises(InputError, match="level"):
        mean_interval([0.5], 95)
