"""More like these, transform, combine and without on the real toybox, judged by the classifier of renders.

The feedback is on rendered pictures (they cost nothing); what comes of it is generated.
"""

import numpy as np
import pytest
from PIL import Image
from refine_lab import Models

from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine import (
    Candidate,
    CombineMutator,
    CombineObjective,
    FeedbackMutator,
    MoreLikeObjective,
    TransformObjective,
    VarietyMutator,
    WishMutator,
    WithoutObjective,
    evolve,
)
from datacrafter_widget.toybox import VOCABULARY, Attributes, render, sample_attributes

AFTER = 32


@pytest.fixture(scope="module")
def models():
    return Models()


@pytest.fixture(scope="module")
def words(models):
    labels = [str(label) for label in np.random.default_rng(8).permutation(list(VOCABULARY))]
    return labels, models.encoder.encode_texts(labels)


def pictures(models, count, seed, **fixed):
    """Embeddings of rendered pictures, and what they show."""
    rng = np.random.default_rng(seed)
    shown = [sample_attributes(rng, **fixed) for _ in range(count)]
    images = [Image.fromarray(render(each, rng)) for each in shown]
    return models.encoder.encode_images(images), shown


def refined(models, template, name, objective, mutate, seed=3):
    """The judge's answers for pictures of the better prompt."""
    found = evolve(
        template,
        class_word=name,
        objective=objective,
        mutate=mutate,
        render=models.render(name),
        population=8,
        final_proxies=12,
        max_proxies=150,
        seed=seed,
    )
    assert found.improved, found.reasons
    rng = np.random.default_rng(seed)
    better = PromptTemplate.parse(found.template)
    prompts = [better.sample(rng, name) for _ in range(AFTER)]
    seeds = rng.integers(2**31, size=AFTER)
    print(found.template, "| not", found.negative, found.reasons)
    return models.judged(models.draw(prompts, [found.negative] * AFTER, seeds))


def test_more_like_pictures_that_are_all_alike_brings_variety(models, words):
    own, shown = pictures(models, 40, 1, kind="strawberry", colour="red", scene="grass", style="photo")
    assert {(each.colour, each.scene) for each in shown} == {("red", "grass")}
    sure = models.confidence(own, "strawberry")
    judged = refined(
        models,
        "a photo of a red {class} on grass",
        "strawberry",
        MoreLikeObjective(own[:12], own, confidence=sure),
        VarietyMutator(
            "strawberry",
            *words,
            wanted=[own[:12]],
            unwanted=own[12:],
            encode_texts=models.encoder.encode_texts,
        ),
    )
    assert len(set(zip(judged["colour"], judged["scene"], strict=True))) >= 6
    assert np.mean(judged["class"] == "strawberry") >= 0.9


def test_a_wish_takes_the_place_of_what_contradicts_it(models, words):
    own, _ = pictures(models, 40, 2, kind="boat", scene="grass", style="photo")
    encode = models.encoder.encode_texts
    judged = refined(
        models,
        "a photo of a {class} on grass",
        "boat",
        TransformObjective(
            own[:20], own, *encode(["a boat", "a boat at night"]), confidence=models.confidence(own, "boat")
        ),
        WishMutator("boat", *words, "at night", encode_texts=encode),
    )
    assert np.mean(judged["scene"] == "night") >= 0.85
    assert np.mean(judged["class"] == "boat") >= 0.9


def test_two_sets_combine(models, words):
    own, shown = pictures(models, 90, 3, kind="apple")
    first = [i for i, each in enumerate(shown) if each.style == "sketch"][:12]
    second = [i for i, each in enumerate(shown) if each.scene == "beach"][:12]
    rest = np.setdiff1d(np.arange(90), first + second)
    judged = refined(
        models,
        "[a photo of | a sketch of] a {class}",
        "apple",
        CombineObjective(own[first], own[second], own, confidence=models.confidence(own, "apple")),
        CombineMutator(
            "apple",
            *words,
            first=own[first],
            second=own[second],
            rest=own[rest],
            encode_texts=models.encoder.encode_texts,
        ),
    )
    assert np.mean((judged["style"] == "sketch") & (judged["scene"] == "beach")) >= 0.6


def test_one_set_without_another(models, words):
    own, shown = pictures(models, 90, 4, kind="apple")
    first = [i for i, each in enumerate(shown) if each.scene == "grass"][:15]
    second = [i for i, each in enumerate(shown) if each.style == "cartoon"][:15]
    wanted = np.setdiff1d(first, second)
    rest = np.setdiff1d(np.arange(90), first + second)
    judged = refined(
        models,
        "[a photo of | a cartoon of] a {class}",
        "apple",
        WithoutObjective(own[first], own[second], own, confidence=models.confidence(own, "apple")),
        FeedbackMutator(
            "apple",
            *words,
            wanted=[own[wanted]],
            unwanted=own[second],
            rest=own[rest],
            encode_texts=models.encoder.encode_texts,
        ),
    )
    assert np.mean((judged["scene"] == "grass") & (judged["style"] != "cartoon")) >= 0.5


def test_fixed_words_become_choices_of_their_attribute(models, words):
    own, _ = pictures(models, 30, 5, kind="strawberry", colour="red", scene="grass")
    mutate = VarietyMutator(
        "strawberry", *words, wanted=[own], unwanted=[], encode_texts=models.encoder.encode_texts
    )
    found = mutate(Candidate("a photo of a red {class} on grass"), 10, np.random.default_rng(0))
    both = PromptTemplate.parse(found[0].template).slots
    colours = next(set(slot) for slot in both if "red" in slot)
    scenes = next(set(slot) for slot in both if "grass" in slot)
    assert len(colours & {"red", "blue", "yellow", "purple", "orange", "pink", "white", "green"}) >= 3
    assert len(scenes & {"grass", "studio", "night", "snow", "table", "beach", "plain background"}) >= 4
    assert "strawberry" not in colours | scenes


def test_pictures_of_renders_are_what_they_say(models):
    image = render(Attributes("apple", "red", "night", "photo"), np.random.default_rng(0))
    judged = models.judged([image])
    assert (judged["class"][0], judged["scene"][0]) == ("apple", "night")
