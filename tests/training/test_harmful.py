import numpy as np
import pytest

from datacrafter_widget.errors import InputError
from datacrafter_widget.training.classifier import ClassifierSettings
from datacrafter_widget.training.harmful import classifier_right, leave_groups_out, probe_right
from datacrafter_widget.training.pictures import Labelled


@pytest.fixture
def world():
    """Two classes with few originals; of three groups one helps, one says nothing new, one is mislabelled."""
    rng = np.random.default_rng(2)
    centres = np.array([[1.0] * 8, [-1.0] * 8])

    def draw(per_class, spread=2.0):
        y = np.repeat([0, 1], per_class)
        return centres[y] + rng.normal(0, spread, (len(y), 8)), y

    x0, y0 = draw(4)
    helping, wrong = draw(20), draw(20)
    x = np.concatenate([x0, helping[0], wrong[0], x0])
    y = np.concatenate([y0, helping[1], 1 - wrong[1], y0])
    groups = np.repeat([-1, 5, 6, 7], [8, 40, 40, 8])
    return x, y, groups, *draw(150)


def test_pictures_with_wrong_classes_are_found_and_good_ones_are_not_blamed(world):
    x, y, groups, x_test, y_test = world
    shares = []
    found = leave_groups_out(
        probe_right(x, y, x_test, y_test, class_count=2, strength=0.01),
        groups,
        names={6: "a crane, <upside> down"},
        progress=shares.append,
    )
    worst = found.effects[0]
    assert (worst.group, worst.pictures, worst.hurts) == (6, 40, True)
    assert worst.gain.low > 0.05
    assert [each.hurts for each in found.effects[1:]] == [False, False]
    assert found.effects[-1].group == 5
    assert shares == sorted(shares)
    frame = found.to_frame()
    assert frame["name"].tolist()[0] == "a crane, <upside> down"
    assert frame["gain"].iloc[0] == worst.gain.mean
    assert "&lt;upside&gt;" in found._repr_html_()


def test_the_same_seed_finds_the_same(world):
    x, y, groups, x_test, y_test = world

    def once():
        right = probe_right(x, y, x_test, y_test, class_count=2, strength=0.01, fits=3, seed=4)
        return leave_groups_out(right, groups).to_frame()

    assert once().equals(once())


def test_without_generated_pictures_there_is_nothing_to_leave_out():
    with pytest.raises(InputError, match="found none"):
        leave_groups_out(lambda keep: keep.astype(float), [-1, -1])


def test_a_classifier_can_be_the_judge():
    colours = np.array([[200, 30, 30], [30, 30, 200]], np.uint8)
    classes = np.repeat([0, 1], 12)
    pictures = Labelled.of(np.ones((24, 32, 32, 3), np.uint8) * colours[classes][:, None, None], classes)
    settings = ClassifierSettings(
        model="test_efficientnet", epochs=1, steps=4, learning_rate=0.01, augmentation=0, device="cpu"
    )
    right = classifier_right(pictures, pictures.subset([]), pictures, 2, settings, seeds=(0, 1))
    without = right(classes == 1)
    assert without.shape == (24,)
    assert (without[classes == 1] == 1).all()
    assert (without[classes == 0] == 0).all()  # it never saw any
