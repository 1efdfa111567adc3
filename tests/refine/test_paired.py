import numpy as np
import pytest
from scipy.stats import ttest_rel

from datacrafter_widget.errors import InputError
from datacrafter_widget.refine.paired import paired_gain


def test_it_is_the_one_sided_paired_t_test():
    rng = np.random.default_rng(0)
    before = rng.normal(size=20)
    after = before + rng.normal(0.4, 1, 20)
    found = paired_gain(after, before)
    assert found.gain == pytest.approx(np.mean(after - before))
    assert found.p_value == pytest.approx(ttest_rel(after, before, alternative="greater").pvalue)


def test_words_have_their_price():
    assert paired_gain([1.0, 2.0], [0.0, 0.0], price=0.5).gain == 1.0


def test_pairs_without_spread_are_certain_and_a_single_pair_is_not():
    assert paired_gain([1.0, 1.0], [0.0, 0.0]).p_value == 0
    assert paired_gain([0.0, 0.0], [0.0, 0.0]).p_value == 1
    assert paired_gain([9.0], [0.0]).p_value == 0.5


def test_scores_that_are_no_pairs_are_refused():
    with pytest.raises(InputError, match="equally long"):
        paired_gain([1.0, 2.0], [1.0])
