from dataclasses import replace

import numpy as np
import pytest
import torch
from latent_worlds import Autoencoder
from PIL import Image

from datacrafter_widget.errors import InputError, ModelError
from datacrafter_widget.generation.imagination import (
    Imagination,
    ImaginationSettings,
    Objective,
    perturbed,
)
from datacrafter_widget.metrics import diversity, informativeness_gain
from datacrafter_widget.models.generator import PictureRequest
from datacrafter_widget.toybox import CLASSES, render, sample_attributes


@pytest.fixture(scope="module")
def autoencoder():
    return Autoencoder()


@pytest.fixture(scope="module")
def class_features(clip):
    return clip.encode_texts([f"a photo of a {name}" for name in CLASSES])


@pytest.fixture(scope="module")
def imagine(autoencoder, clip, class_features):
    def imagine(**settings):
        return Imagination(
            autoencoder, clip, class_features, clip.logit_scale, ImaginationSettings(**settings)
        )

    return imagine


@pytest.fixture(scope="module")
def asked():
    """Two parents, four pictures each: requests and groups."""
    rng = np.random.default_rng(3)
    parents = [Image.fromarray(render(sample_attributes(rng, kind=kind), rng)) for kind in ("fish", "house")]
    requests = [
        PictureRequest(
            prompt="a photo",
            seed=100 * number + turn,
            width=64,
            height=64,
            num_inference_steps=8,
            guidance_scale=4.0,
            parent=parent,
            strength=0.5,
        )
        for number, parent in enumerate(parents)
        for turn in range(4)
    ]
    return requests, [7] * 4 + [3] * 4


def latents_of(requests):
    return torch.stack([request.start for request in requests])


def features_of(requests, autoencoder, clip):
    with torch.no_grad():
        return clip.image_features(autoencoder.decode_latents(latents_of(requests)))


def parents_of(requests, autoencoder):
    with torch.no_grad():
        return torch.cat([autoencoder.encode_latents([one.parent], 64, 64) for one in requests])


def test_starts_stay_near_the_parent(imagine, autoencoder, asked):
    requests, groups = asked
    parents = parents_of(requests, autoencoder)
    for settings in ({"epsilon": 0.8}, {"epsilon": 0.1, "steps": 2, "step_size": 1.0}):
        starts = latents_of(imagine(**settings).starts(requests, groups))
        assert starts.dtype == torch.float32
        moved = (starts - parents).abs()
        assert moved.max() <= settings["epsilon"] + 1e-5
        assert (moved.amax((1, 2, 3)) > 0.5 * settings["epsilon"]).all()
    assert torch.equal(latents_of(imagine(epsilon=0.0).starts(requests, groups)), parents)


def test_all_else_of_a_request_stays(imagine, asked):
    requests, groups = asked
    made = imagine().starts(requests, groups)
    assert [replace(one, start=None) for one in made] == requests


def test_the_unoptimised_start_is_the_clipped_random_move(imagine, autoencoder, asked):
    requests, groups = asked
    starts = latents_of(imagine(optimise=False).starts(requests, groups))
    change = starts - parents_of(requests, autoencoder)
    assert change.abs().max() <= 0.8 + 1e-5
    # A move is one factor and one offset a channel: where nothing is clipped, a straight line of the latent.
    latent, moved = parents_of(requests, autoencoder)[0], change[0]
    lines = 0
    for channel in range(len(latent)):
        inside = moved[channel].abs() < 0.79
        if inside.sum() > 20:
            design = torch.stack([latent[channel][inside], torch.ones(int(inside.sum()))], 1)
            solution = torch.linalg.lstsq(design, moved[channel][inside][:, None])
            assert (design @ solution.solution - moved[channel][inside][:, None]).abs().max() < 1e-3
            assert -1e-3 <= solution.solution[0] <= 1 + 1e-3
            lines += 1
    assert lines >= 3


def test_same_seeds_same_starts_with_and_without_optimisation(imagine, asked):
    requests, groups = asked
    guided, random = imagine(), imagine(optimise=False)
    assert torch.equal(
        latents_of(guided.starts(requests, groups)), latents_of(guided.starts(requests, groups))
    )
    unoptimised = latents_of(random.starts(requests, groups))
    assert torch.equal(unoptimised, latents_of(random.starts(requests, groups)))
    # One step changes a factor and an offset by 0.1 each: the optimised start is near the random one.
    assert (latents_of(guided.starts(requests, groups)) - unoptimised).abs().max() <= 0.1 * 4 + 0.1
    other = [replace(one, seed=one.seed + 5000) for one in requests]
    assert not torch.equal(unoptimised, latents_of(random.starts(other, groups)))
    assert len(unoptimised.flatten(1).unique(dim=0)) == len(requests)


def test_starts_do_not_depend_on_what_else_is_in_the_batch(imagine, asked):
    requests, groups = asked
    together = latents_of(imagine().starts(requests, groups))
    alone = latents_of(imagine().starts(requests[4:8], groups[4:8]))
    assert torch.equal(together[4:8], alone)


def test_a_step_raises_the_objective(imagine, autoencoder, clip, class_features, asked):
    requests, groups = asked
    pixels = torch.from_numpy(np.stack([np.asarray(one.parent, np.float32) / 255 for one in requests]))
    objective = Objective(
        clip.image_features(pixels.permute(0, 3, 1, 2)),
        torch.tensor(groups),
        torch.from_numpy(class_features),
        clip.logit_scale,
        ImaginationSettings(),
    )

    def value(**settings):
        features = features_of(imagine(**settings).starts(requests, groups), autoencoder, clip)
        return float(objective(features).sum())

    random = value(optimise=False)
    assert value(step_size=0.02) > random
    assert value() > random
    assert value(steps=4, step_size=0.05) > value(step_size=0.05)


def test_the_objective_is_that_of_the_metrics(clip, class_features, asked):
    requests, _ = asked
    features = clip.encode_images([one.parent for one in requests[::4]] * 3)
    groups = [0, 0, 1, 1, 1, 0]
    objective = Objective(
        torch.from_numpy(features[::-1].copy()),
        torch.tensor(groups),
        torch.from_numpy(class_features),
        clip.logit_scale,
        ImaginationSettings(diversity_temperature=0.05),
    )

    def probabilities(rows):
        logits = clip.logit_scale * rows.astype(np.float64) @ class_features.T
        p = np.exp(logits - logits.max(1, keepdims=True))
        return p / p.sum(1, keepdims=True)

    gain = informativeness_gain(probabilities(features), probabilities(features[::-1]))
    assert np.allclose(objective.informativeness(torch.from_numpy(features)), gain, atol=1e-4)
    spread = objective.diversity(torch.from_numpy(features)).numpy()
    for group in (0, 1):
        members = np.array(groups) == group
        assert np.isclose(spread[members].mean(), diversity(features[members], temperature=0.05), atol=1e-4)


def test_groups_get_more_diverse_than_by_chance(imagine, autoencoder, clip, asked):
    requests, groups = asked

    def spread(**settings):
        features = features_of(imagine(**settings).starts(requests, groups), autoencoder, clip).numpy()
        return np.mean([diversity(features[at : at + 4], temperature=1 / clip.logit_scale) for at in (0, 4)])

    assert spread() > spread(optimise=False)
    assert spread(informativeness_weight=0.0) > spread(optimise=False)
    assert spread(diversity_weight=0.0) < spread(informativeness_weight=0.0)


def test_the_chunks_make_no_difference(imagine, asked):
    requests, groups = asked
    one, many = (latents_of(imagine(chunk_size=size).starts(requests, groups)) for size in (1, 5))
    # The last digits may differ, and with them, very rarely, a step's direction.
    assert ((one - many).abs() < 1e-5).float().mean() > 0.98


def test_moves_are_bounded_for_any_factor_and_offset():
    latents = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    scale, offset = torch.full((2, 3, 1, 1), 1e6), torch.full((2, 3, 1, 1), -3.0)
    assert (perturbed(latents, scale, offset, 0.8) - latents).abs().max() <= 0.8 + 1e-6
    assert torch.equal(perturbed(latents, 0 * scale, 0 * offset, 0.8), latents)


def test_it_may_be_stopped_on_the_way(imagine, asked):
    calls = []

    def stop():
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imagine().starts(*asked, on_step=stop)
    assert len(calls) == 6


def test_nothing_in_nothing_out(imagine):
    assert imagine().starts([], []) == []


def test_what_does_not_fit_is_refused(imagine, asked, autoencoder, clip):
    requests, groups = asked
    with pytest.raises(InputError, match="parent picture, found none"):
        imagine().starts([replace(requests[0], parent=None)], [1])
    with pytest.raises(InputError, match="one id for each of 8 pictures, found 2"):
        imagine().starts(requests, groups[:2])
    with pytest.raises(InputError, match="one size"):
        imagine().starts([requests[0], replace(requests[1], width=32)], [1, 1])
    with pytest.raises(InputError, match=r"class_features: expected shape \(C, D\)"):
        Imagination(autoencoder, clip, np.ones(4), clip.logit_scale)


def test_latents_that_are_no_numbers(imagine, asked, autoencoder, monkeypatch):
    requests, groups = asked
    monkeypatch.setattr(
        autoencoder, "encode_latents", lambda images, *_: torch.full((len(images), 8, 32, 32), torch.nan)
    )
    with pytest.raises(ModelError, match="float32"):
        imagine().starts(requests, groups)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"epsilon": -1}, "epsilon"),
        ({"step_size": float("nan")}, "step_size"),
        ({"steps": 0}, "steps"),
        ({"chunk_size": 0}, "chunk_size"),
        ({"diversity_temperature": 0.0}, "diversity_temperature"),
    ],
)
def test_settings_out_of_range(settings, says):
    with pytest.raises(InputError, match=says):
        ImaginationSettings(**settings)


def test_the_toybox_s_own_latents_are_where_its_pictures_start(toybox, asked):
    plain = [replace(request, strength=0.7) for request in asked[0][::4]]
    latents = toybox.encode_latents([request.parent for request in plain], 64, 64)
    started = [replace(request, start=row) for request, row in zip(plain, latents, strict=True)]
    for one, other in zip(toybox.generate(plain), toybox.generate(started), strict=True):
        assert np.abs(np.asarray(one, int) - np.asarray(other, int)).max() <= 2


def test_pictures_from_starts_keep_their_class_and_differ_more(toybox, clip, class_features):
    rng = np.random.default_rng(0)
    kinds = ("fish", "house", "boat", "apple")
    requests = [
        PictureRequest(
            prompt=f"a photo of a {kind}",
            seed=10 * number + turn,
            width=64,
            height=64,
            num_inference_steps=toybox.defaults.num_inference_steps,
            guidance_scale=toybox.defaults.guidance_scale,
            parent=parent,
            strength=toybox.defaults.strength,
        )
        for number, kind in enumerate(kinds)
        for parent in [Image.fromarray(render(sample_attributes(rng, kind=kind), rng))]
        for turn in range(4)
    ]
    wanted = [CLASSES.index(kind) for kind in kinds for _ in range(4)]
    imagination = Imagination(toybox, clip, class_features, clip.logit_scale)

    def spread(features):
        temperature = 1 / clip.logit_scale
        return np.mean([diversity(features[at : at + 4], temperature=temperature) for at in range(0, 16, 4)])

    moved = imagination.starts(requests, [at // 4 for at in range(16)])
    guided = clip.encode_images(toybox.generate(moved))
    assert ((guided @ class_features.T).argmax(1) == wanted).mean() >= 0.9
    # The noise at the default strength makes pictures differ by itself; with less of it the starts tell.
    plain, guided = (
        clip.encode_images(toybox.generate([replace(one, strength=0.4) for one in each]))
        for each in (requests, moved)
    )
    assert spread(guided) > 1.5 * spread(plain)
