"""Trainings on rendered pictures of two easily told kinds, small enough for seconds."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from timm.models import save_for_hf

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.toybox.world import render, sample_attributes
from datacrafter_widget.training.classifier import ClassifierSettings, predict, train_classifier
from datacrafter_widget.training.pictures import Labelled

QUICK = ClassifierSettings(
    model="test_resnet",
    image_size=32,
    epochs=8,
    steps=32,
    batch_size=16,
    device="cpu",
    learning_rate=0.01,
)


def renders(per_class, seed):
    rng = np.random.default_rng(seed)
    classes = np.repeat([0, 1], per_class)
    looks = ({"kind": "strawberry", "colour": "red"}, {"kind": "boat", "colour": "blue"})
    return Labelled.of(np.stack([render(sample_attributes(rng, **looks[k]), rng) for k in classes]), classes)


@pytest.fixture(scope="module")
def sets():
    return renders(24, 1), renders(10, 2), renders(40, 3)


def weights(trained):
    return torch.cat([value.flatten().double() for value in trained.model.state_dict().values()])


def test_it_learns_to_tell_pictures_apart(sets):
    train, validation, test = sets
    shares = []
    before = torch.get_rng_state()
    trained = train_classifier(train, validation, 2, QUICK, seed=0, progress=shares.append)
    scores = predict(trained, test)
    assert scores.shape == (80, 2)
    assert scores.dtype == np.float32
    assert (scores.argmax(1) == test.classes).mean() > 0.8
    assert shares[-1] == 1
    assert len(shares) == 8 * 4
    assert torch.equal(torch.get_rng_state(), before)  # other work keeps its random numbers
    assert np.allclose(predict(trained, list(test.images[:3])), scores[:3], atol=1e-4)


def test_the_best_epoch_is_kept_and_waiting_for_a_better_one_ends(sets):
    train, validation, _ = sets
    patient = replace(QUICK, patience=2, epochs=30, steps=120)
    trained = train_classifier(train, validation, 2, patient, seed=0)
    accuracies = [row["validation_accuracy"] for row in trained.history]
    assert accuracies[trained.best_epoch - 1] == max(accuracies)
    assert len(trained.history) == trained.best_epoch + 2 < 30
    told = (predict(trained, validation).argmax(1) == validation.classes).mean()
    assert told == max(accuracies)


def test_without_validation_pictures_the_last_epoch_is_taken(sets):
    train, validation, _ = sets
    short = replace(QUICK, epochs=2, steps=8)
    trained = train_classifier(train, validation.subset([]), 2, short, seed=0)
    assert trained.best_epoch == len(trained.history) == 2
    assert set(trained.history[0]) == {"epoch", "loss"}


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("stopped_at", [3, 7])  # within the second epoch, and within the last
def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(sets, tmp_path, stopped_at):
    train, validation, _ = sets
    train = replace(train, generated=np.arange(len(train)) % 3 == 0)
    changed = {"model": "test_efficientnet", "model_options": {"drop_rate": 0.2}, "replacement": 0.5}
    dropping = replace(QUICK, epochs=4, steps=8, **changed)
    file = tmp_path / "deep" / "state.safetensors"
    calls = []

    def stop(share):
        calls.append(share)
        if len(calls) == stopped_at:
            raise StoppedError

    with pytest.raises(StoppedError):
        train_classifier(train, validation, 2, dropping, seed=3, progress=stop, checkpoint=file)
    resumed = train_classifier(train, validation, 2, dropping, seed=3, checkpoint=file)
    whole = train_classifier(train, validation, 2, dropping, seed=3)
    assert resumed.history == whole.history
    assert torch.equal(weights(resumed), weights(whole))
    steps = []
    again = train_classifier(train, validation, 2, dropping, seed=3, progress=steps.append, checkpoint=file)
    assert not steps  # it was finished
    assert torch.equal(weights(again), weights(whole))
    with pytest.raises(InputError, match="another training"):
        train_classifier(train, validation, 2, dropping, seed=4, checkpoint=file)


def test_another_seed_gives_another_training(sets):
    train, validation, _ = sets
    short = replace(QUICK, epochs=1, steps=4)
    one, other = (train_classifier(train, validation, 2, short, seed=seed) for seed in (0, 1))
    assert not torch.equal(weights(one), weights(other))


def test_trained_weights_are_where_it_begins(sets, tmp_path):
    train, validation, _ = sets
    torch.manual_seed(0)
    save_for_hf(timm.create_model("test_efficientnet", num_classes=7), tmp_path, safe_serialization=True)
    barely = ClassifierSettings(
        model=str(tmp_path), pretrained=True, image_size=32, epochs=1, learning_rate=1e-9
    )
    trained = train_classifier(train, validation, 2, barely, seed=0)
    theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True, num_classes=2).state_dict()
    mine = trained.model.state_dict()
    assert torch.allclose(mine["conv_stem.weight"], theirs["conv_stem.weight"], atol=1e-6)
    assert mine["classifier.weight"].shape == (2, 256)


def test_a_transformer_takes_the_size_it_is_given(sets):
    train, validation, _ = sets
    vit = ClassifierSettings(model="test_vit", image_size=64, epochs=1, steps=1, device="cpu")
    assert train_classifier(train, validation, 2, vit, seed=0).view.image_size == 64


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_card_trains_as_well(sets, tmp_path):
    train, validation, test = sets
    on_card, file = replace(QUICK, device="cuda"), tmp_path / "state.safetensors"
    trained = train_classifier(train, validation, 2, on_card, seed=0, checkpoint=file)
    assert (predict(trained, test).argmax(1) == test.classes).mean() > 0.8
    assert train_classifier(train, validation, 2, on_card, seed=0, checkpoint=file).history == trained.history


def test_pictures_set_the_size_of_a_network_that_learns_from_scratch(sets):
    train, validation, _ = sets
    free = ClassifierSettings(model="test_efficientnet", epochs=1, steps=1, device="cpu")
    assert train_classifier(train, validation.subset([]), 2, free, seed=0).view.image_size == 64
    # trainings that are compared share their validation pictures, and so their size
    assert train_classifier(train, validation.at(32), 2, free, seed=0).view.image_size == 32


def test_models_that_can_not_be_had_are_named(sets):
    train, validation, _ = sets
    with pytest.raises(InputError, match="resnet50"):
        train_classifier(train, validation, 2, ClassifierSettings(model="resnet5O"), seed=0)
    online = ClassifierSettings(model="test_efficientnet", pretrained=True)
    with pytest.raises(ModelError, match=r"test_efficientnet.*network"):
        train_classifier(train, validation, 2, online, seed=0)
    with pytest.raises(InputError, match="model_options"):
        train_classifier(train, validation, 2, ClassifierSettings(model_options={"wings": 2}), seed=0)


def test_a_training_that_diverges_says_so(sets):
    train, validation, _ = sets
    wild = replace(QUICK, learning_rate=1e30)
    with pytest.raises(ModelError, match="smaller learning_rate"):
        train_classifier(train, validation, 2, wild, seed=0)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"steps": 3}, {"learning_rate": -1.0}, {"replacement": 1.5}, {"augmentation": -1.0}],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        ClassifierSettings(**wrong)


def test_classes_out_of_range_are_refused(sets):
    train, validation, _ = sets
    with pytest.raises(InputError, match="validation"):
        train_classifier(train.subset(train.classes == 0), validation, 1, QUICK, seed=0)
