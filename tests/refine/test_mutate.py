import numpy as np
import pytest
from embedding_world import World

from datacrafter_widget.errors import InputError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine import Candidate, CombineMutator, FeedbackMutator, VarietyMutator, WishMutator

TEMPLATE = "[plain | outline] a {class}"


def mutator(world, *, removed="lum", labels=None, prompts=None, kind=FeedbackMutator, **more):
    prompts = prompts or ["plain a zib", "outline a zib"] * 30
    embeddings, kinds = world.pictures(prompts)
    bad = kinds == removed
    labels = labels or world.labels
    return kind(
        world.word,
        labels,
        world.texts(labels),
        wanted=[embeddings[~bad]],
        unwanted=embeddings[bad],
        wanted_prompts=[p for p, b in zip(prompts, bad, strict=True) if not b],
        unwanted_prompts=[p for p, b in zip(prompts, bad, strict=True) if b],
        **more,
    )


def variations(mutate, template=TEMPLATE, negative="", count=30):
    return mutate(Candidate(template, negative), count, np.random.default_rng(0))


def test_the_class_word_is_told_apart_by_the_label_that_kept_pictures_show():
    first = variations(mutator(World()))[0]
    assert first.template == "[plain | outline] a {class} tok"
    assert first.reasons == ("'tok' tells kept from removed pictures (AUC 1.00)",)


def test_what_removed_pictures_show_goes_into_the_negative_prompt():
    found = [each for each in variations(mutator(World())) if each.template == TEMPLATE]
    assert found[0].negative == "lum"
    assert "removed pictures show" in found[0].reasons[0]
    more = [each for each in variations(mutator(World()), negative="dark") if each.template == TEMPLATE]
    assert more[0].negative == "dark, lum"


def test_the_undesired_kind_may_be_the_other_one():
    first = variations(mutator(World(), removed="tok"))[0]
    assert first.template == "[plain | outline] a {class} lum"


def test_a_label_with_the_class_word_in_it_takes_its_place():
    world = World()
    found = variations(mutator(world, labels=["zib tok", "zib lum", "red"]))
    assert "[plain | outline] a zib tok" in [each.template for each in found]
    assert not any("zib" in each.negative for each in found)
    assert any(each.negative == "lum" for each in found)


def test_an_option_whose_pictures_were_removed_is_dropped():
    world = World()
    embeddings, _ = world.pictures(["a zib tok"] * 40)
    mutate = FeedbackMutator(
        "zib",
        world.labels,
        world.label_embeddings,
        wanted=[embeddings[:20]],
        unwanted=embeddings[20:],
        wanted_prompts=["plain a zib"] * 18 + ["outline a zib"] * 2,
        unwanted_prompts=["plain a zib"] * 4 + ["outline a zib"] * 16,
    )
    found = variations(mutate)
    assert found[0].template == "plain a {class}"
    assert found[0].reasons == ("89% of the pictures of option 'outline' are unwanted",)


def test_variations_are_valid_different_and_bounded():
    found = variations(mutator(World()), count=5)
    assert len(found) == len({each.key("zib") for each in found}) == 5
    for each in found:
        PromptTemplate.parse(each.template)
        assert (each.template, each.negative) != (TEMPLATE, "")
        assert len(each.reasons) == 1 or (each.negative and each.template != TEMPLATE)


def test_more_like_these_widens():
    world = World()
    embeddings, _ = world.pictures(["plain a zib"] * 20 + ["plain a zib tok"] * 20)
    colours = world.axes["red"] + 0.3 * np.stack([world.axes[name] for name in ("blue", "dusk", "meadow")])
    rows = np.concatenate([world.texts(["tok", "lum", "outline"]), colours / np.linalg.norm(colours[0])])
    mutate = VarietyMutator(
        "zib",
        ["tok", "lum", "outline", "rose", "azure", "ochre"],
        rows,
        wanted=[embeddings[20:]],
        unwanted=embeddings[:20],
    )
    found = variations(mutate, "a rose {class}")
    assert found[0].template == "a [rose | azure | ochre] {class}"
    assert "in place of 'rose' alone" in found[0].reasons[0]
    assert any("selected" in reason for each in found for reason in each.reasons)
    assert any(
        each.template == "[plain | outline] a [rose | azure | ochre] {class}" for each in variations(mutate)
    )


def test_the_whole_class_may_be_selected():
    world = World()
    embeddings, _ = world.pictures(["a zib"] * 9)
    mutate = VarietyMutator("zib", world.labels, world.label_embeddings, wanted=[embeddings], unwanted=[])
    assert not any("selected" in reason for each in variations(mutate) for reason in each.reasons)


def test_a_wish_is_said_in_place_of_an_option_and_besides():
    world = World()
    mutate = WishMutator("zib", world.labels, world.label_embeddings, "  outline ")
    found = [each.template for each in variations(mutate)]
    assert found[0] == "outline a {class}"
    found = [each.template for each in variations(mutate, "a {class}")]
    assert found[:3] == ["a {class}, outline", "a {class} outline", "a outline {class}"]


def test_an_empty_wish_is_refused():
    with pytest.raises(InputError, match="wish"):
        WishMutator("zib", [], np.zeros((0, 4)), " ")


def test_two_sets_are_said_together():
    world = World()
    plain, _ = world.pictures(["a zib"] * 20)
    red, _ = world.pictures(["a zib red"] * 20, first_seed=300)
    dusk, _ = world.pictures(["a zib dusk"] * 20, first_seed=500)
    mutate = CombineMutator(
        "zib",
        world.labels,
        world.label_embeddings,
        first=red,
        second=dusk,
        rest=plain,
        encode_texts=world.texts,
    )
    first = variations(mutate)[0]
    assert {"red", "dusk"} <= set(first.template.replace(",", " ").split())
    assert len(first.reasons) == 2


def test_options_are_dropped_after_other_edits_too():
    world = World()
    embeddings, _ = world.pictures(["a zib tok"] * 40)
    mutate = FeedbackMutator(
        "zib",
        world.labels,
        world.label_embeddings,
        wanted=[embeddings[:20]],
        unwanted=embeddings[20:],
        wanted_prompts=["plain a zib"] * 18 + ["outline a zib"] * 2,
        unwanted_prompts=["plain a zib"] * 4 + ["outline a zib"] * 16,
    )
    found = variations(mutate, "[plain | outline] a {class} tok")
    assert found[0].template == "plain a {class} tok"


def test_texts_that_move_towards_the_kept_pictures_are_tried_first():
    world = World()
    labels = ["red", "tok", "lum"]
    mutate = mutator(world, labels=labels, encode_texts=world.texts)
    assert "tok" in variations(mutate)[0].template


def test_labels_are_taken_literally():
    world = World(names={name: f"[{name}|" for name in World().names})
    for each in variations(mutator(world)):
        PromptTemplate.parse(each.template)


def test_without_labels_there_is_nothing_to_say():
    world = World()
    embeddings, _ = world.pictures(["plain a zib"] * 10)
    mutate = FeedbackMutator(
        "zib", [], np.zeros((0, embeddings.shape[1])), wanted=[embeddings[:5]], unwanted=embeddings[5:]
    )
    assert variations(mutate, "a {class}") == []


def test_a_class_without_originals_is_enough():
    world = World()
    embeddings, kinds = world.pictures(["plain a zib"] * 40)
    mutate = FeedbackMutator(
        "zib",
        world.labels,
        world.label_embeddings,
        wanted=[embeddings[kinds == "tok"], np.zeros((0, 0))],
        unwanted=embeddings[kinds == "lum"],
    )
    assert variations(mutate, "a {class}")[0].template == "a {class} tok"


def test_few_pictures_must_tell_clearly():
    world = World()
    embeddings, kinds = world.pictures(["plain a zib"] * 8)
    mutate = FeedbackMutator(
        "zib", world.labels, world.label_embeddings, wanted=[embeddings[:4]], unwanted=embeddings[4:]
    )
    assert len(set(kinds[:4])) == len(set(kinds[4:])) == 2
    assert not any("AUC" in reason for each in variations(mutate) for reason in each.reasons)


def test_input_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="2 labels"):
        FeedbackMutator(
            "zib", ["a", "b"], np.ones((3, 4)), wanted=[np.ones((2, 4))], unwanted=np.ones((2, 4))
        )
