from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.toybox.world import render_boxes, sample_attributes
from datacrafter_widget.training.average_precision import average_precision
from datacrafter_widget.training.boxes import Detected
from datacrafter_widget.training.detector import DetectorSettings, detect, train_detector
from datacrafter_widget.training.detectors import begin_with, build_detector
from datacrafter_widget.training.pictures import Labelled
from datacrafter_widget.training.pseudo import pseudo_label

KINDS = ("lemon", "house")
QUICK = DetectorSettings(steps=6, batch_size=4, validate_every=3, device="cpu")


def renders(per_class, seed):
    """Pictures of lemons and houses, on grass, with the boxes that the renderer knows."""
    rng = np.random.default_rng(seed)
    drawn = [
        render_boxes(sample_attributes(rng, kind=kind, style="photo", scene="grass"), rng)
        for kind in KINDS
        for _ in range(per_class)
    ]
    images = np.stack([picture for picture, _ in drawn])
    classes = np.repeat(np.arange(len(KINDS)), per_class)
    return Detected.around(Labelled.of(images, classes), [boxes for _, boxes in drawn])


@pytest.fixture(scope="module")
def trained():
    settings = DetectorSettings(steps=100, batch_size=12, validate_every=50, device="cpu")
    return train_detector(renders(16, 0), renders(6, 1), len(KINDS), settings)


def test_a_small_detector_learns_to_find_things(trained):
    test = renders(10, 2)
    found = detect(trained, test)
    precision = average_precision(found, test, len(KINDS))
    assert precision.map_50 > 0.5
    assert precision.map > 0.2
    assert all((np.diff(each.scores) <= 0).all() for each in found)
    assert [set(look) for look in trained.history] == [{"step", "loss", "map", "map_50"}] * 2


def test_boxes_are_in_pixels_of_the_picture(trained):
    picture = renders(1, 3).images[0]
    large = np.asarray(picture).repeat(2, 0).repeat(3, 1)
    small, wide = (detect(trained, [each], threshold=0.3)[0] for each in (picture, large))
    found, expected = (
        torch.from_numpy(each)[None] for each in (wide.boxes[0], small.boxes[0] * [3, 2, 3, 2])
    )
    assert box_iou(found, expected).item() > 0.8


def test_pseudo_labels_are_of_the_pictures_own_class(trained):
    pictures = renders(8, 4)
    pictures = replace(pictures, generated=np.ones(len(pictures), bool))
    labelled = pseudo_label(trained, pictures, threshold=0.3)
    assert 0 < len(labelled.pictures) == len(pictures) - labelled.left_out
    for own, classes in zip(labelled.pictures.classes, labelled.pictures.box_classes, strict=True):
        assert set(classes) == {own}
    assert min(each.scores.min() for each in labelled.found) >= 0.3
    assert labelled.pictures.generated.all()
    none = pseudo_label(trained, pictures, threshold=1.0)
    assert none.left_out == len(pictures)
    assert len(none.pictures) == 0


def test_a_training_that_was_cut_off_ends_as_one_that_was_not(tmp_path):
    train, validation = renders(4, 0), renders(2, 1)
    whole = train_detector(train, validation, 2, QUICK, seed=5)
    file = tmp_path / "state.safetensors"

    def cut_off(share):
        if share > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_detector(train, validation, 2, QUICK, seed=5, progress=cut_off, checkpoint=file)
    shares = []
    resumed = train_detector(train, validation, 2, QUICK, seed=5, progress=shares.append, checkpoint=file)
    assert shares[0] == 0.5
    assert resumed.history == whole.history
    for name, weights in whole.model.state_dict().items():
        assert torch.equal(weights, resumed.model.state_dict()[name]), name
    with pytest.raises(InputError, match="another training"):
        train_detector(train, validation, 2, QUICK, seed=6, checkpoint=file)


def test_patience_ends_a_training_that_gets_no_better():
    settings = replace(QUICK, steps=20, validate_every=1, patience=2, learning_rate=1e-9)
    trained = train_detector(renders(2, 0), renders(1, 1), 2, settings)
    assert len(trained.history) < 20


def test_pictures_without_objects_may_be_among_those_trained_on():
    train = renders(3, 0)
    empty = replace(train.subset([0]), boxes=[[]], box_classes=[[]])
    trained = train_detector(train.joined(empty), None, 2, QUICK)
    assert trained.best_step == QUICK.steps


def test_torch_s_random_numbers_are_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    train_detector(renders(2, 0), None, 2, replace(QUICK, steps=1))
    assert torch.rand(1) == expected


@pytest.mark.parametrize("name", ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_fpn"])
def test_detectors_of_torchvision_train_and_detect(name):
    size = None if name.startswith("ssd") else 64
    settings = DetectorSettings(model=name, image_size=size, steps=1, batch_size=2, device="cpu")
    trained = train_detector(renders(2, 0), None, 2, settings)
    assert len(detect(trained, renders(1, 1))) == 2


def test_layers_that_name_other_classes_are_learned_anew():
    theirs = build_detector("small_ssd", 90, size=64)
    ours = build_detector("small_ssd", 2, size=64)
    taken = begin_with(ours, theirs.state_dict())
    state = ours.state_dict()
    same = [name for name, each in theirs.state_dict().items() if each.shape == state[name].shape]
    assert taken == len(same) < len(state)
    assert all(torch.equal(state[name], theirs.state_dict()[name]) for name in same)


def test_weights_that_cannot_be_fetched_are_an_error_that_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody answers there
    settings = replace(QUICK, model="ssdlite320_mobilenet_v3_large", pretrained=True, image_size=None)
    with pytest.raises(ModelError, match="pretrained=False"):
        train_detector(renders(2, 0), None, 2, settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps: expected a whole number of 1 or more"),
        ({"learning_rate": 2.0}, "learning_rate"),
        ({"image_size": 8}, "image_size: expected 32 pixels"),
    ],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        replace(QUICK, **changes)


def test_what_cannot_be_trained_is_refused():
    train = renders(1, 0)
    with pytest.raises(InputError, match="no box"):
        train_detector(replace(train, boxes=[[]] * 2, box_classes=[[]] * 2), None, 2, QUICK)
    with pytest.raises(InputError, match="box classes 0 to 0, found 1"):
        train_detector(train, None, 1, QUICK)
    with pytest.raises(InputError, match=r"fasterrcnn_resnet50_fpn.*found 'yolo'"):
        train_detector(train, None, 2, replace(QUICK, model="yolo"))
    with pytest.raises(InputError, match="300 or None"):
        train_detector(train, None, 2, replace(QUICK, model="ssd300_vgg16", image_size=64))
