import numpy as np
import pytest
from embedding_world import WORDS, World

from datacrafter_widget.errors import InputError, JobCancelled, TemplateError
from datacrafter_widget.generation.templates import PromptTemplate
from datacrafter_widget.refine import Candidate, FeedbackMutator, Proxies, RemoveObjective, evolve

TEMPLATE = "[plain | outline] a {class}"


def feedback(world, *, undesired="lum", marked=20, seed=0):
    """What a session hands over after the user removed some undesired pictures; originals are all wanted."""
    wanted = "tok" if undesired == "lum" else "lum"
    rng = np.random.default_rng(seed)
    prompts = [f"{'plain' if rng.random() < 0.5 else 'outline'} a {world.word}" for _ in range(100)]
    embeddings, kinds = world.pictures(prompts)
    removed = np.flatnonzero(kinds == undesired)[:marked]
    kept = np.setdiff1d(np.arange(100), removed)
    originals, _ = world.pictures([f"a {world.word} {world.names[wanted]}"] * 30, first_seed=900)
    objective = RemoveObjective(embeddings[removed], embeddings[kept], originals)
    mutate = FeedbackMutator(
        world.word,
        world.labels,
        world.label_embeddings,
        wanted=[originals, embeddings[kept]],
        unwanted=embeddings[removed],
        wanted_prompts=[prompts[i] for i in kept],
        unwanted_prompts=[prompts[i] for i in removed],
    )
    return {"class_word": world.word, "objective": objective, "mutate": mutate, "render": world.render}


def share_of_new(world, found, kind, count=200):
    """How many new pictures of a prompt are of a kind, on seeds that no search has seen."""
    template = PromptTemplate.parse(found.template)
    rng = np.random.default_rng(0)
    prompts = [template.sample(rng, world.word) for _ in range(count)]
    made = [world.picture(prompt, found.negative, 50_000 + index) for index, prompt in enumerate(prompts)]
    return np.mean([drawn == kind for _, drawn, _ in made])


def share(world, refs, kind):
    return np.mean([world.kinds[ref] == kind for ref in refs])


@pytest.mark.parametrize("undesired", ["lum", "tok"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_removing_one_meaning_leaves_the_other(undesired, seed):
    rng = np.random.default_rng(seed)
    nonsense = ["".join(rng.choice(list("bdfgklmnprstvz"), 6)) for _ in WORDS]
    world = World(seed, dict(zip(WORDS, nonsense, strict=True)), word="qax")
    found = evolve(TEMPLATE, **feedback(world, undesired=undesired, seed=seed), seed=seed)
    assert found.improved
    assert found.score_after > found.score_before
    assert share(world, found.before_refs, undesired) > 0.25
    assert share_of_new(world, found, undesired) <= 0.06
    assert found.proxies <= 250
    assert any("AUC" in reason for reason in found.reasons)


def test_same_seed_same_search():
    runs = [evolve(TEMPLATE, **feedback(World()), seed=3) for _ in range(2)]
    assert runs[0].template == runs[1].template
    assert runs[0].score_after == runs[1].score_after
    assert runs[0].history == runs[1].history


def test_candidates_are_compared_on_the_same_seeds():
    world = World()
    evolve(TEMPLATE, **feedback(world), generations=1)
    seeds = {}
    for request in world.requests:
        seeds.setdefault((request.template, request.negative_prompt), []).append(request.seed)
    first = seeds[TEMPLATE, ""]
    assert all(set(each) <= set(first) for each in seeds.values())
    assert len(first) == len(set(first))


def test_shared_slots_draw_the_same_options():
    world = World()
    evolve(TEMPLATE, **feedback(world), generations=1)
    opening = {}
    for request in world.requests:
        if request.template.startswith("[plain | outline]"):
            opening.setdefault(request.seed, set()).add(request.prompt.split()[0])
    assert all(len(words) == 1 for words in opening.values())


@pytest.mark.parametrize("seed", range(8))
def test_few_proxies_show_every_option(seed):
    world = World()
    evolve(TEMPLATE, **feedback(world), generations=1, seed=seed)
    first = [request.prompt.split()[0] for request in world.requests if request.template == TEMPLATE][:4]
    assert sorted(first) == ["outline", "outline", "plain", "plain"]


def test_a_better_prompt_beats_the_start_on_fresh_seeds():
    world = World()
    found = evolve(TEMPLATE, **feedback(world))
    fresh = {world.requests[ref].seed for ref in found.after_refs}
    assert fresh == {world.requests[ref].seed for ref in found.before_refs}
    searched = {request.seed for request in world.requests[: min(*found.before_refs, *found.after_refs)]}
    assert not fresh & searched


def test_a_search_without_time_says_that_it_had_none():
    found = evolve(TEMPLATE, **feedback(World()), max_seconds=1e-9)
    assert not found.improved
    assert "allow more with max_seconds" in found.reasons[-1]


def test_nothing_is_proposed_when_nothing_helps():
    world = World()
    parts = feedback(world)
    parts["mutate"] = lambda *_: [
        Candidate("[plain | outline] a {class} indeed", "", ("no reason",)),
        Candidate("[plain | outline] one {class}", "", ("no reason",)),
    ]
    found = evolve(TEMPLATE, **parts)
    assert not found.improved
    assert (found.template, found.negative) == (TEMPLATE, "")
    assert found.gain == 0
    assert "no better prompt" in found.reasons[-1]


def test_no_variation_is_an_answer():
    world = World()
    found = evolve(TEMPLATE, **{**feedback(world), "mutate": lambda *_: []})
    assert not found.improved
    assert found.template == TEMPLATE


def test_a_longer_prompt_must_earn_its_words():
    world = World()
    parts = feedback(world)
    right = Candidate(f"[plain | outline] a {{class}} {world.names['tok']}", "", ())
    long = Candidate(right.template + " so very truly indeed", "", ())
    parts["mutate"] = lambda *_: [long, right]
    assert evolve(TEMPLATE, **parts).template == right.template


def test_the_budget_is_kept():
    world = World()
    found = evolve(TEMPLATE, **feedback(world), max_proxies=150, final_proxies=12)
    assert found.proxies == len(world.requests) <= 150


def cancelling(pictures):
    """Progress that is told, and asks to stop after so many pictures."""
    told = []

    def stop(done, total, message):
        told.append((done, total, message))
        if done >= pictures:
            raise JobCancelled("enough")

    return told, stop


def test_progress_is_told_and_may_cancel():
    told, stop = cancelling(20)
    with pytest.raises(JobCancelled):
        evolve(TEMPLATE, **feedback(World()), on_progress=stop)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert all(done <= total and message for done, total, message in told)


def test_a_cancelled_search_keeps_the_best_so_far():
    world = World()
    _, stop = cancelling(100)
    found = evolve(TEMPLATE, **feedback(world), on_progress=stop)
    assert found.improved
    assert not found.confirmed
    assert "stopped" in found.reasons[-1]
    assert share(world, found.after_refs, "lum") < share(world, found.before_refs, "lum")
    assert all(edit.gain is None for edit in found.edits)


def test_a_search_that_was_cut_off_goes_on_where_it_was():
    class CutError(Exception):
        pass

    def remembering(world, known, limit):
        """A `render` that generates nothing twice, and breaks after so many pictures."""

        def render(requests):
            for request in requests:
                if request not in known:
                    if len(known) >= limit:
                        raise CutError
                    known[request] = world.picture(request.prompt, request.negative_prompt, request.seed)
            made = [known[request] for request in requests]
            return Proxies(
                np.array([m[0] for m in made]), np.array([m[2] for m in made]), [m[1] for m in made]
            )

        return render

    whole = evolve(TEMPLATE, **feedback(World()))
    world, known = World(), {}
    parts = feedback(world)
    with pytest.raises(CutError):
        evolve(TEMPLATE, **{**parts, "render": remembering(world, known, 60)})
    found = evolve(TEMPLATE, **{**parts, "render": remembering(world, known, 10_000)})
    assert (found.template, found.gain, found.proxies) == (whole.template, whole.gain, whole.proxies)


def test_excluded_prompts_are_not_tried():
    first = evolve(TEMPLATE, **feedback(World()))
    again = evolve(TEMPLATE, **feedback(World()), exclude={(first.template, first.negative)})
    assert (first.template, first.negative) not in {
        (tried.candidate.template, tried.candidate.negative) for tried in again.archive
    }


def test_time_that_is_up_leaves_the_last_comparison():
    world = World()
    found = evolve(TEMPLATE, **feedback(world), max_seconds=0, final_proxies=8)
    assert found.proxies == len(world.requests) == 4 + 8
    assert not found.improved


def test_mutators_hear_what_was_tried():
    heard = []
    parts = feedback(World())
    mutate = parts["mutate"]

    def listening(parent, count, rng, tried):
        heard.append(tried)
        return mutate(parent, count, rng, tried)

    evolve(TEMPLATE, **{**parts, "mutate": listening}, tolerance=0.0)
    assert heard[0] == []
    assert len(heard) > 1
    assert [each.gain for each in heard[1]] == sorted((each.gain for each in heard[1]), reverse=True)


def test_each_edit_says_what_it_brought():
    world = World()
    parts = feedback(world)
    right = Candidate(f"[plain | outline] a {{class}} {world.names['tok']}, {world.names['red']}", "")
    parts["mutate"] = lambda *_: [right]
    found = evolve(TEMPLATE, **parts)
    gains = {edit.text: edit.gain for edit in found.edits}
    assert found.improved
    assert found.proxies == len(world.requests)
    # One edit: words that stand side by side
    assert list(gains) == [f"adds '{world.names['tok']}, {world.names['red']}'"]
    assert gains[next(iter(gains))] == pytest.approx(found.gain)


def test_edits_apart_are_measured_apart():
    world = World()
    parts = feedback(world)
    right = Candidate(f"{world.names['blue']} [plain | outline] a {{class}} {world.names['tok']}", "nothing")
    parts["mutate"] = lambda *_: [right]
    found = evolve(TEMPLATE, **parts)
    gains = {edit.text: edit.gain for edit in found.edits}
    assert set(gains) == {f"adds '{world.names['blue']}'", f"adds '{world.names['tok']}'", "avoids 'nothing'"}
    assert found.edits[0].text == f"adds '{world.names['tok']}'"
    assert abs(gains["avoids 'nothing'"]) < gains[f"adds '{world.names['tok']}'"] / 4


def test_bad_input_is_refused():
    parts = feedback(World())
    with pytest.raises(TemplateError):
        evolve("[a {class}", **parts)
    with pytest.raises(InputError, match="population"):
        evolve(TEMPLATE, **parts, population=0)
