"""What a session remembers: pictures, templates, jobs, observations, actions, proposals."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.store import ClassCounts, Metric, Store


@pytest.fixture
def crane(store):
    return store.add_class("crane", "crane bird").id


def generate(store, plan, paint, class_id, count=3, **changes):
    """A finished job of `count` pictures."""
    iteration = store.next_iteration()
    drafts = [plan(index, class_id, **changes) for index in range(count)]
    job = store.create_job(iteration, {"per_class": count}, drafts)
    made = [
        store.add_generated(paint(planned.seed), planned, "toybox", "abc", 4, iteration)
        for planned in store.planned(job.id)
    ]
    store.set_job_state(job.id, "done")
    return made


def test_the_same_content_is_stored_once(store, crane, paint):
    heron = store.add_class("heron").id
    first = store.add_original(paint(1), crane, "a.png")
    assert store.add_original(paint(1), heron, "b.jpg") is None
    assert store.picture_by_content(first.sha256) == first
    transposed = Image.frombytes("RGB", (16, 24), paint(1).tobytes())
    assert store.add_original(transposed, crane) is not None  # same bytes, another size


def test_only_the_pixels_are_kept(store, crane, paint):
    image = paint(1)
    image.info["icc_profile"] = b"profile"
    image.getexif()[274] = 6
    picture = store.add_original(image, crane)
    with Image.open(store.image_path(picture.id)) as stored:
        assert (stored.format, stored.mode, stored.info) == ("PNG", "RGB", {})
    assert "exif" not in image.info
    with pytest.raises(InputError, match=r"convert\('RGB'\)"):
        store.add_original(image.convert("L"), crane)


def test_a_generated_picture_has_its_whole_provenance(store, crane, plan, paint):
    parent = store.add_original(paint(1), crane)
    template = store.add_template(crane, "a photo of a {class}", "blurry")
    (picture,) = generate(
        store,
        plan,
        paint,
        crane,
        1,
        template_id=template.id,
        parent_id=parent.id,
        strength=0.6,
        seed=2**63 - 1,
    )
    made = store.picture(picture.id).provenance
    assert (picture.origin, picture.iteration, picture.class_id) == ("generated", 1, crane)
    assert (made.prompt, made.negative_prompt, made.seed) == ("a photo of a crane", "blurry", 2**63 - 1)
    assert (made.parent_id, made.strength, made.perturbation) == (parent.id, 0.6, "image2image")
    assert (made.model, made.model_revision, made.batch_size) == ("toybox", "abc", 4)
    assert (made.template_id, made.created_at) == (template.id, picture.created_at)


def test_a_plan_row_makes_one_picture_however_often_it_is_given(store, crane, plan, paint):
    job = store.create_job(1, {}, [plan(0, crane)])
    (planned,) = store.planned(job.id)
    first = store.add_generated(paint(1), planned, "toybox", None, 1, 1)
    again = store.add_generated(paint(2), planned, "toybox", None, 1, 1)
    assert again == first
    assert len(store.pictures()) == 1
    with pytest.raises(InputError, match="create_job"):
        store.add_generated(paint(3), plan(5, crane), "toybox", None, 1, 1)


def test_a_job_knows_what_is_missing(store, crane, plan, paint):
    drafts = [plan(index, crane, seed=np.int64(7), width=np.int64(24)) for index in range(3)]
    job = store.create_job(store.next_iteration(), {"seed": np.int64(3)}, drafts)
    assert job.settings == {"seed": 3}
    assert store.open_jobs() == [job]
    store.add_generated(paint(1), store.planned(job.id)[1], "toybox", None, 2, 1)
    assert [planned.index for planned in store.planned(job.id, missing_only=True)] == [0, 2]
    assert store.planned(job.id)[0].seed == 7
    assert store.job_progress(job.id) == (1, 3)
    store.set_job_state(job.id, "cancelled")
    assert store.open_jobs() == []
    assert store.next_iteration() == 2
    with pytest.raises(InputError, match="seed"):
        store.create_job(2, {}, [plan(0, crane, seed=2**63)])
    assert len(store.jobs()) == 1


def test_pictures_can_be_asked_for_by_anything(store, crane, plan, paint):
    heron = store.add_class("heron").id
    a, b, c = (
        store.add_original(paint(seed), class_id) for seed, class_id in ((1, crane), (2, heron), (3, crane))
    )
    d, e = generate(store, plan, paint, crane, 2)
    assert store.set_hidden(np.array([a.id, d.id]), True) == [a.id, d.id]

    def ids(**filters):
        return [picture.id for picture in store.pictures(**filters)]

    assert ids() == [b.id, c.id, e.id]
    assert ids(include_hidden=True) == [a.id, b.id, c.id, d.id, e.id]
    assert ids(class_ids=[crane], origin="original") == [c.id]
    assert ids(iteration=1) == [e.id]
    assert ids(ids=np.array([c.id, b.id, 999])) == [b.id, c.id]
    assert ids(ids=[]) == []
    assert ids(after_id=c.id) == [e.id]
    assert store.counts() == {crane: ClassCounts(1, 1, 2), heron: ClassCounts(1, 0, 0)}


def test_pictures_as_columns(store, crane, plan, paint):
    assert store.picture_columns().ids.shape == (0,)
    parent = store.add_original(paint(1), crane)
    (child,) = generate(store, plan, paint, crane, 1, parent_id=parent.id)
    store.set_hidden([parent.id], True)
    columns = store.picture_columns()
    assert [column.tolist() for column in columns] == [
        [parent.id, child.id],
        [crane, crane],
        [False, True],
        [0, 1],
        [True, False],
        [False, False],
    ]
    assert store.parent_ids(store.picture_columns()).tolist() == [0, parent.id]
    assert store.picture_columns(after_id=parent.id).ids.tolist() == [child.id]


def test_hiding_tells_what_changed_so_that_undo_is_exact(store, crane, paint):
    ids = [store.add_original(paint(seed), crane).id for seed in range(3)]
    store.set_hidden(ids[:1], True)
    assert store.set_hidden(ids, True) == ids[1:]
    assert store.set_hidden(ids[1:], False) == ids[1:]
    with pytest.raises(InputError, match=r"\[77\]"):
        store.set_hidden([*ids, 77], True)
    assert [picture.id for picture in store.pictures()] == ids[1:]
    assert store.set_flagged(ids[2:], True) == ids[2:]
    assert [picture.flagged for picture in store.pictures()] == [False, True]


def test_descendants_of_descendants(store, crane, plan, paint):
    root, lone = (store.add_original(paint(seed), crane) for seed in (1, 2))
    children = generate(store, plan, paint, crane, 2, parent_id=root.id)
    (grandchild,) = generate(store, plan, paint, crane, 1, parent_id=children[0].id, seed=99)
    assert store.descendants([root.id, lone.id]) == {
        root.id: [*(child.id for child in children), grandchild.id],
        lone.id: [],
    }
    assert store.descendants([children[0].id]) == {children[0].id: [grandchild.id]}


def test_thumbnails_are_small_and_kept(store, crane, paint):
    big = store.add_original(paint(1, (400, 100)), crane)
    small = store.add_original(paint(2, (20, 10)), crane)
    for picture, size, expected in ((big, 96, (96, 24)), (big, 128, (128, 32)), (small, 96, (20, 10))):
        content = store.thumbnail(picture.id, size)
        assert Image.open(io.BytesIO(content)).size == expected
        assert store.thumbnail(picture.id, size) == content
    assert set(store.thumbnails([big.id, small.id, 99])) == {big.id, small.id}
    with pytest.raises(InputError, match="16 to 512"):
        store.thumbnail(big.id, 4000)
    with pytest.raises(InputError, match=r"pictures\(\)"):
        store.thumbnail(99)


def test_an_empty_thumbnail_file_is_made_again(store, crane, paint):
    """A power cut may leave a file without its content."""
    picture = store.add_original(paint(1), crane)
    content = store.thumbnail(picture.id)
    for file in (store.folder / "thumbnails").rglob("*.webp"):
        file.write_bytes(b"")
    assert store.thumbnail(picture.id) == content


def test_templates_keep_their_history(store, crane):
    first = store.add_template(crane, "a {class}", origin="default")
    second = store.update_template(first.id, text="a [red | green] {class}")
    third = store.update_template(second.id, negative="blurry", origin="proposal")
    assert [template.id for template in store.templates(crane)] == [third.id]
    assert (third.text, third.negative, third.replaces) == ("a [red | green] {class}", "blurry", second.id)
    assert [template.id for template in store.templates(active=None)] == [first.id, second.id, third.id]
    assert [template.id for template in store.templates(active=False)] == [first.id, second.id]
    store.set_template_active(third.id, False)
    store.set_template_active(first.id, True)
    assert store.templates() == [first]
    with pytest.raises(InputError, match="template"):
        store.update_template(99, text="x")


def test_embeddings_are_cached_by_content_and_encoder(store, crane, paint):
    ids = [store.add_original(paint(seed), crane).id for seed in range(4)]
    vectors = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = [store.picture(picture_id).sha256 for picture_id in ids]
    store.put_embeddings("clip@1", zip(hashes, vectors, strict=False))
    found, values = store.embeddings("clip@1", [ids[2], ids[3], ids[0]])
    assert found.tolist() == [ids[2], ids[0]]
    assert (found.dtype, values.dtype) == (np.int64, np.float32)
    np.testing.assert_allclose(values, vectors[[2, 0]], atol=1e-3)
    assert store.embeddings("clip@1")[0].tolist() == ids[:3]
    assert store.ids_without_embedding("clip@1") == ids[3:]
    assert store.ids_without_embedding("clip@2") == ids
    assert store.embeddings("clip@2", ids)[1].shape == (0, 0)
    for bad in (np.zeros(9), np.full(8, np.nan), np.full(8, 1e9), np.zeros((2, 8))):
        with pytest.raises(InputError, match="embedding"):
            store.put_embeddings("clip@1", [(hashes[3], bad)])


def test_labels_of_pictures_are_replaced_with_their_vocabulary(store, crane, paint):
    a, b = (store.add_original(paint(seed), crane).id for seed in (1, 2))
    bird, red = store.set_labels(["bird", "red"], "clip@1")
    store.put_picture_labels([(a, bird.id, 0.9), (a, red.id, 0.2), (b, bird.id, 0.8)])
    store.put_picture_labels([(b, red.id, 0.7)])
    edges, scores = store.picture_labels()
    assert edges.tolist() == [[a, bird.id], [a, red.id], [b, red.id]]
    np.testing.assert_allclose(scores, [0.9, 0.2, 0.7])
    store.put_picture_labels([], picture_ids=[a])
    assert store.picture_labels()[0].tolist() == [[b, red.id]]

    store.put_positions("label", [bird.id, red.id], [[0, 1], [2, 3]])
    labels = store.set_labels(["green", "red"], "clip@1")
    assert [label.text for label in store.labels()] == ["green", "red"]
    assert labels[1] == red
    assert store.picture_labels()[0].tolist() == [[b, red.id]]
    assert store.positions("label")[0].tolist() == [red.id]
    store.set_labels(["green", "red"], "another@1")
    assert store.picture_labels()[0].shape == (0, 2)
    with pytest.raises(InputError, match="red"):
        store.set_labels(["red", "red"], "clip@1")


def test_positions_and_metrics(store, crane, paint):
    ids = [store.add_original(paint(seed), crane).id for seed in range(3)]
    store.put_positions("picture", ids, np.arange(6).reshape(3, 2))
    store.put_positions("picture", ids[1:2], [[0.5, -0.5]])
    found, xy = store.positions("picture")
    assert found.tolist() == ids
    assert xy.tolist() == [[0, 1], [0.5, -0.5], [4, 5]]
    with pytest.raises(InputError, match="finite"):
        store.put_positions("picture", ids[:1], [[np.nan, 0]])
    with pytest.raises(InputError, match="ids that exist"):
        store.put_positions("picture", [99], [[0, 0]])

    store.replace_metrics([Metric(1, None, "diversity", np.float32(0.5)), Metric(2, None, "diversity", 1.0)])
    store.replace_metrics(
        [Metric(1, None, "diversity", 0.25), Metric(1, crane, "diversity", float("nan"))],
    )
    whole, of_class = store.metrics()
    assert whole == Metric(1, None, "diversity", 0.25)
    assert np.isnan(of_class.value)
    with pytest.raises(InputError):
        store.replace_metrics([Metric(1, 99, "diversity", 0.25)])
    assert len(store.metrics()) == 2


def test_undo_and_redo_until_something_else_is_done(store):
    first, second = store.log_action("remove", {"ids": [1, 2]}), store.log_action("flag", {"ids": [3]})
    assert store.last_undoable() == second
    assert store.next_redoable() is None
    store.mark_undone(second.id, True)
    store.mark_undone(first.id, True)
    assert store.last_undoable() is None
    assert store.next_redoable().id == first.id
    store.mark_undone(first.id, False)
    assert (store.last_undoable(), store.next_redoable().id) == (first, second.id)

    third = store.log_action("accept", {"proposal": 1})
    assert [action.kind for action in store.actions()] == ["remove", "accept"]
    assert (store.last_undoable(), store.next_redoable()) == (third, None)
    with pytest.raises(InputError, match=r"actions\(\)"):
        store.mark_undone(second.id, False)


def test_a_proposal_grows_while_it_is_searched(store, crane, paint):
    template = store.add_template(crane, "a {class}")
    proposal = store.add_proposal(crane, template.id, feedback={"removed": [1, 2]})
    assert (proposal.state, proposal.score_after, proposal.before_ids) == ("running", None, [])
    before = store.add_proxy(paint(1), proposal.id, "before", "a crane", 5)
    after = store.add_proxies([(paint(seed), "after", "a crane bird", seed) for seed in (2, 3)], proposal.id)
    changed = store.update_proposal(
        proposal.id,
        text="a {class} bird",
        score_before=np.float32(-0.5),
        score_after=0.25,
        explanation=["removed pictures are machines"],
        report={"proxies": 40},
        state="open",
    )
    assert (proposal.report, changed.report) == ({}, {"proxies": 40})
    assert (changed.before_ids, changed.after_ids) == ([before], after)
    assert (changed.score_before, changed.score_after) == (-0.5, 0.25)
    assert store.update_proposal(proposal.id, after_ids=after[1:]).after_ids == after[1:]
    assert store.load_proxy(before).tobytes() == paint(1).tobytes()
    assert Image.open(io.BytesIO(store.proxy_thumbnail(after[0]))).format == "WEBP"
    assert store.pictures(include_hidden=True) == []  # proxies are no part of the data set
    assert [found.id for found in store.proposals(class_id=crane, states=["open"])] == [proposal.id]
    assert store.proposals(states=["running"]) == []
    with pytest.raises(InputError, match="class_id"):
        store.update_proposal(proposal.id, class_id=4)
    with pytest.raises(InputError, match="state"):
        store.update_proposal(proposal.id, state="maybe")


def test_several_threads_write_and_read(store, crane, paint):
    errors = []

    def work(first):
        try:
            for seed in range(first, first + 10):
                picture = store.add_original(paint(seed), crane)
                store.thumbnail(picture.id)
                store.set_flagged([picture.id], True)
                assert picture.id in {other.id for other in store.pictures()}
        except Exception as error:  # shown below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(100 * index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.counts()[crane].originals == 40


def test_a_reader_never_sees_half_a_batch(store, crane, plan, paint):
    job = store.create_job(1, {}, [plan(index, crane) for index in range(40)])
    planned, counts, done = store.planned(job.id), set(), threading.Event()

    def read():
        with Store(store.folder, read_only=True) as reader:
            while not done.is_set():
                counts.add(len(reader.pictures()))

    thread = threading.Thread(target=read)
    thread.start()
    for start in range(0, 40, 8):
        batch = [(paint(item.seed), item) for item in planned[start : start + 8]]
        store.add_generated_batch(batch, "toybox", None, 8, 1)
    done.set()
    thread.join()
    assert counts <= set(range(0, 41, 8))


def test_captions_are_kept_by_model_and_content(store, crane, paint):
    first, second = (store.add_original(paint(seed), crane) for seed in (1, 2))
    store.put_captions("large", [(first.sha256, "a red thing"), (second.sha256, "a blue one")])
    store.put_captions("large", [(first.sha256, "a red ball")])
    store.put_captions("small", [(first.sha256, "thing")])
    assert store.captions("large") == {first.id: "a red ball", second.id: "a blue one"}
    assert store.captions("small", [second.id]) == {}


def test_embeddings_of_what_is_no_picture_are_found_by_content(store):
    store.put_embeddings("clip", [("recipe", [0.5, 0.25])])
    found = store.content_embeddings("clip", ["recipe", "another"])
    assert set(found) == {"recipe"}
    assert found["recipe"].tolist() == [0.5, 0.25]
    assert store.content_embeddings("other", ["recipe"]) == {}
