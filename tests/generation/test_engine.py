import asyncio
from dataclasses import replace

import numpy as np
import pytest
import torch

from datacrafter_widget.errors import JobCancelled, OutOfMemoryError, StoreError
from datacrafter_widget.generation.batches import compose_batches, picture_request
from datacrafter_widget.generation.engine import run_generation
from datacrafter_widget.models.generator import PictureRequest


def start(runner, store, models, generation, **options):
    generator, encoder = models
    return runner.submit(
        lambda job: run_generation(store, generator, encoder, generation, job=job, **options), "generate"
    )


def contents(store):
    """What was made, by plan index."""
    made = {one.id: one.sha256 for one in store.pictures(origin="generated")}
    return [made.get(one.picture_id) for one in store.planned(store.jobs()[-1].id)]


@pytest.fixture
def models(toybox, clip):
    return toybox, clip


@pytest.fixture
def uninterrupted(runner, new_store, plan_round, models):
    store = new_store("uninterrupted")
    start(runner, store, models, plan_round(store)).result()
    return contents(store)


def test_a_round_is_made_stored_and_embedded(runner, new_store, plan_round, models):
    store, seen = new_store(), []
    generation = plan_round(store)

    def on_pictures(pictures):
        committed = {one.id for one in store.pictures(origin="generated")}
        assert {one.id for one in pictures} <= committed
        seen.append(len(pictures))

    job = start(runner, store, models, generation, on_pictures=on_pictures)
    made = job.result()
    assert seen == [4, 4, 4]
    assert (job.progress.done, job.progress.total) == (12, 12)
    assert store.job_progress(generation.id) == (12, 12)
    ids, features = store.embeddings(models[1].identity, made)
    assert sorted(ids) == sorted(made)
    assert features.shape == (12, models[1].dim)
    provenance = store.picture(made[0]).provenance
    assert (provenance.model, provenance.model_revision) == ("toybox", models[0].revision)
    assert (provenance.batch_size, provenance.num_inference_steps) == (4, 2)
    assert provenance.prompt.endswith("fish")
    assert store.picture(made[0]).iteration == 1


def test_same_seed_same_pictures(runner, new_store, plan_round, models, uninterrupted):
    store = new_store()
    start(runner, store, models, plan_round(store)).result()
    assert contents(store) == uninterrupted
    assert len(set(uninterrupted)) == 12


def test_cancel_keeps_finished_pictures_and_resume_gives_the_same(
    runner, new_store, plan_round, models, uninterrupted, monkeypatch
):
    store, steps = new_store(), []
    generation = plan_round(store)
    unet = loaded(models[0]).unet
    forward = unet.forward

    def cancel_in_third_batch(*args, **kwargs):
        steps.append(1)
        if len(steps) == 5:
            job.cancel()
        return forward(*args, **kwargs)

    monkeypatch.setattr(unet, "forward", cancel_in_third_batch)
    job = start(runner, store, models, generation)
    with pytest.raises(JobCancelled):
        job.result()
    monkeypatch.undo()
    assert store.job(generation.id).state == "cancelled"
    assert contents(store) == [*uninterrupted[:8], None, None, None, None]  # no half-denoised ones
    start(runner, store, models, generation).result()
    assert contents(store) == uninterrupted
    assert store.job(generation.id).state == "open"  # the caller says when it is done


def test_cancel_within_a_step_drops_the_batch(runner, new_store, plan_round, models, monkeypatch):
    store, steps = new_store(), []
    unet = loaded(models[0]).unet
    forward = unet.forward

    def counted(*args, **kwargs):
        steps.append(1)
        if len(steps) == 6:  # in the middle of the second batch's four steps
            job.cancel()
        return forward(*args, **kwargs)

    monkeypatch.setattr(unet, "forward", counted)
    job = start(runner, store, models, plan_round(store, num_inference_steps=4))
    assert job.wait().state == "cancelled"
    assert len(steps) == 6
    assert [one is None for one in contents(store)] == [False] * 4 + [True] * 8


def test_a_crash_in_the_middle_of_a_batch_changes_nothing(
    runner, new_store, plan_round, models, uninterrupted
):
    store = new_store()
    generation = plan_round(store)
    generator = models[0]
    third = store.planned(generation.id)[2]

    def one_only(_):  # as a crash between two commits would leave it
        batch = compose_batches(store.planned(generation.id), 4)[0]
        picture = generator.generate([picture_request(store, one) for one in batch])[2]
        return store.add_generated(picture, third, generator.name, generator.revision, 4, 1)

    kept = runner.submit(one_only, "crash").result()
    job = start(runner, store, models, generation)
    assert len(job.result()) == 11
    assert contents(store) == uninterrupted
    assert store.planned(generation.id)[2].picture_id == kept.id


def test_a_job_can_be_awaited_while_it_streams(runner, new_store, plan_round, models):
    async def cell():
        store, batches = new_store(), []
        made = await start(runner, store, models, plan_round(store), on_pictures=batches.append)
        return made, batches

    made, batches = asyncio.run(cell())
    assert [one.id for batch in batches for one in batch] == made


def test_an_interactive_job_runs_between_two_batches(runner, new_store, plan_round, models):
    store, quick = new_store(), []

    def ask_something(_):
        if not quick:
            quick.append(runner.submit(lambda _: 20 - contents(store).count(None), "quick", interactive=True))

    job = start(runner, store, models, plan_round(store, per_class=10), on_pictures=ask_something)
    job.result()
    assert quick[0].done()  # else it would be next in the queue only now
    assert 4 <= quick[0].result() < 20


def test_image_to_image_starts_from_originals(runner, new_store, plan_round, models):
    store = new_store()
    generation = plan_round(store, per_class=2, perturbation="image2image", strength=0.5)
    made = start(runner, store, models, generation).result()
    parents = [store.picture(one).provenance.parent_id for one in made]
    originals = {one.id for one in store.pictures(origin="original")}
    assert len(set(parents)) == 4
    assert set(parents) == originals
    assert sum(map(len, store.descendants(list(originals)).values())) == 4


def test_out_of_memory_halves_the_batch_and_goes_on(
    runner, new_store, plan_round, models, uninterrupted, monkeypatch
):
    store = new_store()
    generation = plan_round(store)
    unet = loaded(models[0]).unet
    forward, sizes = unet.forward, []

    def small_card(sample, *args, **kwargs):
        sizes.append(len(sample) // 2)  # with and without guidance
        if len(sample) > 4 and len(sizes) > 2:
            msg = "CUDA out of memory"
            raise torch.OutOfMemoryError(msg)
        return forward(sample, *args, **kwargs)

    monkeypatch.setattr(unet, "forward", small_card)
    assert len(start(runner, store, models, generation).result()) == 12
    assert sizes == [4, 4, 4, *[2] * 8]
    assert store.job(generation.id).settings["batch_size"] == 2
    made = store.pictures(origin="generated")
    assert [one.provenance.batch_size for one in made] == [4] * 4 + [2] * 8
    assert contents(store)[:4] == uninterrupted[:4]


def test_one_picture_too_much_leaves_a_round_to_resume(runner, new_store, plan_round, models, monkeypatch):
    store = new_store()
    generation = plan_round(store)

    def full(*_args, **_kwargs):
        msg = "CUDA out of memory"
        raise torch.OutOfMemoryError(msg)

    monkeypatch.setattr(loaded(models[0]).unet, "forward", full)
    with pytest.raises(OutOfMemoryError, match="one picture is too much"):
        start(runner, store, models, generation).result()
    assert [one.id for one in store.open_jobs()] == [generation.id]
    monkeypatch.undo()
    assert len(start(runner, store, models, generation, batch_size=2).result()) == 12


def test_a_failing_writer_stops_the_generation(runner, new_store, plan_round, models, monkeypatch):
    store, batches = new_store(), []
    generation = plan_round(store, per_class=40)

    def disk_full(*_args, **_options):
        msg = "the disk is full"
        raise StoreError(msg)

    monkeypatch.setattr(store, "add_generated_batch", disk_full)
    denoise = models[0].denoise
    monkeypatch.setattr(
        models[0], "denoise", lambda requests, **options: batches.append(1) or denoise(requests, **options)
    )
    with pytest.raises(StoreError, match="disk is full"):
        start(runner, store, models, generation).result()
    assert len(batches) < 6
    assert store.job(generation.id).state == "open"
    monkeypatch.undo()
    generation = plan_round(store, per_class=1)
    assert len(start(runner, store, models, generation).result()) == 2  # the session stays usable


def test_a_failing_callback_comes_to_light(runner, new_store, plan_round, models):
    store = new_store()

    def fail(_):
        msg = "no place on the map"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="no place"):
        start(runner, store, models, plan_round(store, per_class=1), on_pictures=fail).result()
    assert len(store.pictures(origin="generated")) == 2  # they were committed before


def test_batches_do_not_depend_on_what_is_there_already(new_store, plan_round):
    store = new_store()
    plan = store.planned(plan_round(store, per_class=5).id)
    whole = compose_batches(plan, 4)
    assert [[one.index for one in batch] for batch in whole] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    part = [replace(one, picture_id=99) if one.index in (0, 1, 2, 3, 5) else one for one in plan]
    assert [[one.index for one in batch] for batch in compose_batches(part, 4)] == [[4, 5, 6, 7], [8, 9]]
    mixed = [replace(one, negative_prompt="snow") if one.index % 2 else one for one in plan]
    assert [[one.index for one in batch] for batch in compose_batches(mixed, 4)] == [
        [0, 2, 4, 6],
        [1, 3, 5, 7],
        [8],
        [9],
    ]


def loaded(generator):
    generator.load()
    return generator.pipeline()


def test_stored_pictures_are_the_generated_ones(runner, new_store, plan_round, models):
    store = new_store()
    generation = plan_round(store, per_class=1)
    made = start(runner, store, models, generation).result()
    planned = store.planned(generation.id)
    requests = [
        PictureRequest(
            prompt=one.prompt, seed=one.seed, width=64, height=64, num_inference_steps=2, guidance_scale=4.0
        )
        for one in planned
    ]
    for number, picture in zip(made, models[0].generate(requests), strict=True):
        assert np.array_equal(np.asarray(store.load_image(number)), np.asarray(picture))
