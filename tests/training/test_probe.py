import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.probe import fit_probe


@pytest.fixture
def clouds():
    """Features of three classes that overlap: to train on, to validate and to test."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 16))

    def draw(per_class):
        y = np.repeat(np.arange(3), per_class)
        return centres[y] + rng.normal(0, 1.5, (len(y), 16)), y

    return draw(12), draw(60), draw(300)


def test_the_penalty_is_chosen_on_the_validation_pictures(clouds):
    (x, y), (x_val, y_val), (x_test, y_test) = clouds
    chosen = fit_probe(x, y, x_val, y_val, class_count=3)
    alone = [fit_probe(x, y, x_val, y_val, class_count=3, strengths=(s,)) for s in (1.0, 0.1, 1e-2, 1e-3)]
    assert chosen.validation_accuracy == (chosen.predict(x_val) == y_val).mean()
    assert chosen.validation_accuracy >= max(each.validation_accuracy for each in alone) - 1e-9
    weak = fit_probe(x, y, x_val, y_val, class_count=3, strengths=(1e-6,))
    assert (chosen.predict(x_test) == y_test).mean() > (weak.predict(x_test) == y_test).mean()


def test_it_is_the_logistic_regression_of_centred_and_scaled_features(clouds):
    (x, y), (x_val, _), _ = clouds
    scale = np.sqrt(np.square(x - x.mean(0)).sum(1).mean())
    reference = LogisticRegression(C=1 / (0.01 * len(y)), max_iter=1000).fit((x - x.mean(0)) / scale, y)
    scores = fit_probe(x, y, [], [], class_count=3, strengths=(0.01,)).scores(x_val)
    theirs = reference.decision_function((x_val - x.mean(0)) / scale)
    assert np.allclose(
        scores - scores.mean(1, keepdims=True), theirs - theirs.mean(1, keepdims=True), atol=0.01
    )


def test_a_strength_means_the_same_whatever_the_scale_of_the_features(clouds):
    (x, y), (x_val, y_val), _ = clouds
    small = fit_probe(x / 100 + 3, y, x_val / 100 + 3, y_val, class_count=3)
    assert small.strength == fit_probe(x, y, x_val, y_val, class_count=3).strength


def test_classes_without_training_pictures_are_never_predicted(clouds):
    (x, y), (x_val, y_val), _ = clouds
    two = fit_probe(x[y > 0], y[y > 0], x_val, y_val, class_count=4)
    assert set(two.predict(x_val)) == {1, 2}
    theirs = LogisticRegression(C=1 / (two.strength * 24), max_iter=1000).fit(x[y > 0], y[y > 0])
    assert (theirs.predict(x_val) == two.predict(x_val)).mean() > 0.9
    one = fit_probe(x[y == 2], y[y == 2], x_val, y_val, class_count=4)
    assert set(one.predict(x_val)) == {2}


def test_what_can_not_be_fitted_is_refused(clouds):
    (x, y), (x_val, y_val), _ = clouds
    for arguments in (
        (x, y[:-1], x_val, y_val),
        (x, y + 1, x_val, y_val),
        (x * np.nan, y, x_val, y_val),
        (x[:0], y[:0], x_val, y_val),
        (x, y, [], []),
    ):
        with pytest.raises(InputError):
            fit_probe(*arguments, class_count=3)
