import pytest
from PIL import Image

from datacrafter_widget.generation.plan import plan_pictures
from datacrafter_widget.jobs import JobRunner
from datacrafter_widget.store.store import Store


@pytest.fixture
def runner():
    runner = JobRunner()
    yield runner
    runner.close()


@pytest.fixture
def new_store(tmp_path):
    """Sessions with two classes, a template and two originals each."""
    stores = []

    def new_store(name="session"):
        store = Store(tmp_path / name)
        stores.append(store)
        for number, word in enumerate(("fish", "house")):
            row = store.add_class(word, word)
            store.add_template(row.id, "[a photo of | a sketch of] a [red | orange] {class}")
            for shade in (40, 200):
                store.add_original(Image.new("RGB", (80, 60), (shade, 90 * number, 20)), row.id, "test")
        return store

    yield new_store
    for store in stores:
        store.close()


@pytest.fixture
def plan_round():
    """Put a small round into a store."""

    def plan_round(store, per_class=6, seed=1, **changes):
        settings = {
            "perturbation": "text2image",
            "guidance_scale": 4.0,
            "num_inference_steps": 2,
            "width": 64,
            "height": 64,
            **changes,
        }
        classes = store.classes()
        planned = plan_pictures(
            classes,
            {row.id: store.templates(row.id) for row in classes},
            per_class=per_class,
            seed=seed,
            parents_by_class={
                row.id: [one.id for one in store.pictures(class_ids=[row.id])] for row in classes
            },
            **settings,
        )
        return store.create_job(store.next_iteration(), {**settings, "batch_size": 4}, planned)

    return plan_round
