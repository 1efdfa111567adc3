"""Templates from their grammar, right and spoilt. `tests/benchmarks/fuzz.py` tries many more."""

import random

from fuzzing.templates import check_derived, check_spoilt, derived, spoilt


def test_what_the_grammar_allows_is_read_sampled_and_written():
    for seed in range(200):
        check_derived(derived(random.Random(seed)), seed)


def test_spoilt_templates_are_read_or_refused_in_words():
    taken = [check_spoilt(spoilt(random.Random(seed)), seed) for seed in range(400)]
    assert 0 < sum(taken) < len(taken)
