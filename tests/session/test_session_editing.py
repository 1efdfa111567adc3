"""Single pictures, changed by several editors, chosen blind, accepted, stepped on from, done again elsewhere."""

import json
import queue
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tinting import Failing, Tinting

from datacrafter_widget import InputError, JobCancelled, OutOfMemoryError, Session, StoreError
from datacrafter_widget.models.editors.editor import Abilities
from datacrafter_widget.models.language import OpenAILanguageModel

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture(scope="module")
def session(tmp_path_factory, few, toybox, clip):
    folder = tmp_path_factory.mktemp("editing") / "s"
    with Session.open(folder, few, generator=toybox, encoder=clip, batch_size=8, seed=3) as opened:
        opened.observe().result()
        yield opened


@pytest.fixture
def red():
    return Tinting("red", RED)


@pytest.fixture
def green():
    return Tinting("green", GREEN)


@pytest.fixture
def picture(session):
    return session.pictures("apple", origin="original")[0].id


@pytest.fixture
def edit(session, picture, red, green):
    """An edit with two candidates."""
    return made(session, picture, "make the apple green", editors=[red, green])


def made(session, picture, instruction, **how):
    (edit,) = session.edit(picture, instruction, **how).result()
    return edit


def chosen(session, picture, instruction, editor, **how):
    edit = made(session, picture, instruction, editors=[editor], **how)
    edit.choose("A")
    return edit


def by(edit, editor):
    """The letter of an editor's candidate, which the person can't know yet."""
    rows = edit._session.store.edit_candidates([edit.id])
    return next(each.letter for each, row in zip(edit.candidates, rows, strict=True) if row.editor == editor)


def last_job(session):
    return session._runner.jobs()[-1]


def test_every_editor_gives_a_candidate_and_keeps_its_name_to_itself(session, edit, red, green, picture):
    assert edit.state == "open"
    assert edit.action == "recolour"
    assert [each.letter for each in edit.candidates] == ["A", "B"]
    assert all(each.ready and each.editor is None and each.parameters is None for each in edit.candidates)
    (row,) = [row for row in session.edit_table() if row["id"] == edit.id]
    told = json.dumps({**row, "instruction": "", "source": "", "target": ""})
    assert "tint" not in told
    assert '"red"' not in told
    assert '"green"' not in told
    assert session.image(picture).size == edit.image("A").size
    for editor in (red, green):
        (request,) = editor.requests
        assert request.instruction == "make the apple green"
        assert "apple" in request.source
        assert "green" in request.target


def test_the_letters_are_given_at_random(session, picture):
    editors = [Tinting(name, (10 * at, 0, 0)) for at, name in enumerate("abcd")]
    orders = set()
    for number in range(4):
        edit = made(session, picture, "make it red", editors=editors, seed=number)
        rows = session.store.edit_candidates([edit.id])
        orders.add(tuple(row.editor for row in rows))
    assert len(orders) > 1


def test_candidates_arrive_one_by_one_in_the_order_of_their_letters(session, picture, red, green):
    seen = []

    def look(event):
        if event["kind"] == "edits":
            row = session.edit_table()[0]
            seen.append("".join(each["letter"] for each in row["candidates"] if each["ready"]))

    stop = session.events.subscribe(look)
    made(session, picture, "make it red", editors=[red, green])
    stop()
    assert list(dict.fromkeys(seen)) == ["", "A", "AB"]


def test_the_choice_tells_who_made_what_and_undo_takes_it_back_but_not_the_knowledge(session, edit):
    edit.choose(by(edit, "green"), matches=5, keeps=3, words="  well\n done ")
    assert edit.state == "chosen"
    assert edit.chosen.editor == "green"
    assert edit.chosen.parameters["strength"] == 0.5
    feedback = session.edit_table()[0]["feedback"]
    assert feedback == {"matches": 5, "keeps": 3, "unusable": [], "words": "well done", "blind": True}
    assert session.history()["undo"] == "choose an edit"
    session.undo()
    assert (edit.state, edit.chosen) == ("open", None)
    assert {each.editor for each in edit.candidates} == {"red", "green"}
    edit.choose("A")
    assert session.edit_table()[0]["feedback"]["blind"] is False
    session.undo()
    session.redo()
    assert edit.chosen.letter == "A"


def test_none_of_them_is_an_answer_too(session, edit):
    edit.choose(None, unusable=["A"])
    assert (edit.state, edit.chosen) == ("declined", None)
    assert edit not in session.edits
    with pytest.raises(InputError, match="declined"):
        edit.accept()
    session.undo()
    assert edit in session.edits


def test_accepted_it_is_a_generated_picture_that_descends_from_the_edited_one(session, edit, picture):
    edit.choose(by(edit, "green"))
    new = edit.accept()
    last_job(session).result()
    row = session.store.picture(new)
    facts = row.provenance
    assert row.class_id == session.store.picture(picture).class_id
    assert session.image(new).tobytes() == edit.image().tobytes()
    assert (facts.perturbation, facts.model, facts.model_revision) == ("edit:green", "green", "tint-1")
    assert (facts.parent_id, facts.strength, facts.guidance_scale, facts.num_inference_steps) == (
        picture,
        0.5,
        1.0,
        2,
    )
    assert facts.prompt == session.edit_table()[0]["target"]
    assert facts.template == "make the apple green"
    assert new in session.details([picture])[0]["descendants"][-1].values()
    assert new in session.map_points()["id"]
    assert not row.flagged
    (step,) = session.picture(new)["steps"]
    assert (step["editor"], step["instruction"], step["parameters"]["strength"]) == (
        "green",
        "make the apple green",
        0.5,
    )
    assert session.picture(picture)["steps"] == []
    assert edit.accept() == new  # again: it is there already

    session.undo()
    assert edit.accepted_id is None
    assert new not in {each.id for each in session.pictures()}
    session.redo()
    assert edit.accepted_id == new
    assert new in {each.id for each in session.pictures()}
    with pytest.raises(InputError, match="accepted"):
        edit.choose("A")
    session.undo()
    session.undo()


def test_a_second_acceptance_of_the_same_pixels_is_flagged_as_a_copy(session, picture, red):
    first = chosen(session, picture, "make it red", red, seed=1)
    second = chosen(session, picture, "make it red", red, seed=1)
    ids = [first.accept(), second.accept()]
    last_job(session).result()
    assert [session.store.picture(each).flagged for each in ids] == [False, True]
    assert [flag.kind for flag in session.store.flags(ids)] == ["duplicate"]
    for _ in range(4):
        session.undo()


def test_a_mask_keeps_the_rest_and_may_come_in_any_form(session, picture, red):
    half = np.zeros((64, 64), bool)
    half[:, 32:] = True
    for mask in (half, half.astype(np.float32), Image.fromarray(half), Image.fromarray(half).convert("RGBA")):
        edit = chosen(session, picture, "make it red", red, mask=mask)
        before, after = np.asarray(session.image(picture)), np.asarray(edit.image())
        assert np.array_equal(before[:, :32], after[:, :32])
        assert not np.array_equal(before[:, 32:], after[:, 32:])
    assert session.edit_table()[0]["masked"]
    for mask, said in (
        (np.zeros((64, 64)), "found none"),
        (np.ones((32, 64)), "64 x 32"),
        (np.ones((64, 64, 3)), "shape"),
        (b"no picture", "image file"),
    ):
        with pytest.raises(InputError, match=said):
            session.edit(picture, "make it red", editors=[red], mask=mask)


def test_editors_that_need_a_mask_or_a_reference_are_run_only_with_it(session, picture):
    masked = Tinting("masked", RED, mask="required")
    shown = Tinting("shown", RED, reference="required")
    for editor, said in ((masked, "mask="), (shown, "reference=")):
        with pytest.raises(InputError, match=said):
            session.edit(picture, "make it red", editors=[editor])
    everywhere = np.ones((64, 64))
    made(session, picture, "make it red", editors=[masked], mask=everywhere)
    made(session, picture, "make it red", editors=[shown], reference=picture)
    assert shown.requests[0].reference.tobytes() == session.image(picture).tobytes()
    assert shown.requests[0].mask is None
    assert masked.requests[0].mask.size == (64, 64)
    assert session.edit_table()[0]["referenced"]


def test_one_steps_on_from_the_chosen_one_branches_and_goes_back(session, edit, red, green, picture):
    edit.choose(by(edit, "green"))
    step = edit.then("on snow", editors=[red]).result()
    assert red.requests[-1].picture.tobytes() == edit.image().tobytes()
    assert red.requests[-1].source == session.store.edit(edit.id).report["target"]
    step.choose("A")
    branch = edit.then("at night", editors=[green]).result()
    assert step.trail() == [edit, step]
    assert edit.branches() == [step, branch]
    assert branch.before == edit
    assert step.revert(edit) == edit
    assert step not in session.edits
    assert {row["id"]: row["aside"] for row in session.edit_table([picture])}[step.id]
    assert edit.branches() == [step, branch]
    session.undo()
    assert step in session.edits
    assert step.revert() is None
    assert edit not in session.edits
    assert step.then("make it red", editors=[green]).result()  # taken up again
    assert edit in session.edits
    assert step in session.edits
    with pytest.raises(InputError, match="trail"):
        edit.revert(step)


def test_a_trail_is_done_again_on_other_pictures_as_it_was_chosen(session, edit, red):
    edit.choose(by(edit, "green"))
    step = edit.then("on snow", editors=[red], picture_influence=0.9, mask=np.ones((64, 64))).result()
    step.choose("A")
    others = [each.id for each in session.pictures("crane", origin="original")[:2]]
    before = session.editor_ratings()
    ends = step.replay(others).result()
    assert [end.picture_id for end in ends] == others
    for end in ends:
        assert [(each.state, each.chosen.editor) for each in end.trail()] == [
            ("chosen", "green"),
            ("chosen", "red"),
        ]
        assert red.requests[-1].mask is not None
        pixels = np.asarray(session.image(end.picture_id), np.float64)
        twice = np.rint(np.rint(pixels / 2 + [0, 127.5, 0]) * 0.9 + [25.5, 0, 0])
        assert np.abs(twice - np.asarray(end.image(), np.float64)).max() <= 1
    assert session.editor_ratings().equals(before)  # nobody chose
    record = step.record()
    assert [(each.instruction, each.editor, each.sliders["picture_influence"]) for each in record.steps] == [
        ("make the apple green", "green", 0.5),
        ("on snow", "red", 0.9),
    ]
    assert record.pictures[record.steps[-1].picture].tobytes() == step.image().tobytes()
    assert record.pictures[record.steps[-1].mask].mode == "L"
    with pytest.raises(InputError, match="nobody"):
        session.replay(replace(record, steps=(replace(record.steps[0], editor="nobody"),)), others)


def test_a_step_keeps_what_it_began_with_when_the_choice_before_it_is_changed(session, edit, red):
    edit.choose(by(edit, "green"))
    step = edit.then("on snow", editors=[red]).result()
    session.undo()
    edit.choose(by(edit, "red"))
    step.choose("A")
    assert [each.editor for each in step.record().steps] == ["green", "red"]
    assert [row["editor"] for row in session.picture(step.accept())["steps"]] == ["green", "red"]


def test_what_an_editor_can_not_do_is_told_and_keeps_no_other_from_its_turn(session, picture, red):
    editors = [
        Failing("broken", ValueError("broken is broken")),
        Failing("lazy", None),
        Failing("hidden", "unsafe"),
        red,
    ]
    edit = made(session, picture, "make it red", editors=editors)
    assert [each.ready for each in edit.candidates].count(True) == 1
    problems = {each.problem for each in edit.candidates if each.problem}
    assert problems == {"could not be made", "the picture as it was", "hidden by the safety checker"}
    with pytest.raises(InputError, match="unsafe"):
        edit.choose(by(edit, "hidden"))
    edit.choose(by(edit, "red"))
    assert "broken is broken" in {each.problem for each in edit.candidates}
    with pytest.raises(ValueError, match="broken is broken"):
        session.edit(picture, "make it red", editors=[editors[0]]).result()
    assert session.store.edits()[-1].state == "withdrawn"
    with pytest.raises(InputError, match="as it was"):
        session.edit(picture, "make it red", editors=editors[1:3]).result()


def test_one_bad_picture_does_not_spoil_the_batch(session, red):
    ids = [each.id for each in session.pictures(origin="original")[:5]]

    def fail_in_company(requests, **_):
        if len(requests) > 1:
            raise RuntimeError("too many")
        return Tinting.edit(red, requests)

    red.edit = fail_in_company
    assert len(session.edit(ids, "make it red", editors=[red]).result()) == 5


def test_where_memory_runs_out_it_goes_on_with_less(session, red, green):
    ids = [each.id for each in session.pictures(origin="original")[:4]]
    session.use_editors(green)
    sizes = []

    def with_little_memory(requests, **_):
        sizes.append(len(requests))
        if len(requests) > 1 or not green.released:
            raise OutOfMemoryError("the memory is full", suggested_batch_size=1)
        return Tinting.edit(red, requests)

    red.edit = with_little_memory
    assert len(session.edit(ids, "make it red", editors=[red]).result()) == 4
    assert sizes == [4, 2, 1, 1, 1, 2, 1, 1]

    def without_memory(*_, **__):
        raise OutOfMemoryError("the memory is full", suggested_batch_size=None)

    red.edit = without_memory
    with pytest.raises(OutOfMemoryError, match="full"):
        session.edit(ids[0], "make it red", editors=[red]).result()


def test_an_edited_picture_can_not_be_varied(session, picture, red):
    new = chosen(session, picture, "make it red", red).accept()
    with pytest.raises(InputError, match="edited"):
        session.vary(new)
    session.undo()


def test_when_the_language_model_fails_rules_read_the_wish_and_one_hears_of_it(
    session, picture, red, chat, monkeypatch
):
    monkeypatch.setattr(session.models, "language", OpenAILanguageModel("test", base_url=chat.url))
    chat.say("I'd rather not.")
    heard = []
    stop = session.events.subscribe(heard.append)
    edit = made(session, picture, "make the apple green", editors=[red])
    stop()
    assert edit.action == "recolour"
    assert [each["where"] for each in heard if each["kind"] == "warning"] == ["edits"]


def test_cancelled_it_keeps_the_candidates_that_are_there(session, picture, red, green):
    batches, job = [], queue.SimpleQueue()

    def cancel_the_second():
        batches.append(1)
        if len(batches) == 2:
            job.get().cancel()

    red.before = green.before = cancel_the_second
    begun = session.edit(picture, "make it red", editors=[red, green])
    job.put(begun)
    with pytest.raises(JobCancelled):
        begun.result()
    edit = session.edits[-1]
    assert edit.state == "open"
    assert [each.ready for each in edit.candidates] == [True, False]
    edit.choose("A")


def test_stopping_an_edit_stops_no_other_one(session, picture, red):
    stopped = threading.Event()
    red.before = lambda: stopped.wait(60)
    first = session.edit(picture, "make it red", editors=[red])
    second = session.edit(picture, "make it a darker red", editors=[red])
    session.stop_edit(session.edits[-1].id)
    stopped.set()
    (edit,) = first.result()
    assert edit.state == "open"
    assert second.wait().state == "cancelled"
    assert session.store.edits()[-1].state == "withdrawn"
    with pytest.raises(InputError, match="edit"):
        session.stop_edit(10_000)


def test_a_closed_session_keeps_what_is_missing_for_the_next(tmp_path, few, toybox, clip):
    red, green = Tinting("red", RED), Tinting("green", GREEN)
    with Session.open(tmp_path / "s", few, generator=toybox, encoder=clip, seed=3) as session:
        session.observe().result()
        made_first = []

        def once():
            if made_first:
                session._closed = True  # what `close` does before it cancels
                raise JobCancelled("closing")
            made_first.append(True)

        red.before = green.before = once
        with pytest.raises(JobCancelled):
            session.edit(1, "make it red", editors=[red, green]).result()
        (edit,) = session.store.edits()
        assert edit.state == "running"
        kept = [each for each in session.store.edit_candidates() if each.sha256]
        assert len(kept) == 1
        session._closed = False
    red, green = Tinting("red", RED), Tinting("green", GREEN)
    with Session.open(tmp_path / "s", generator=toybox, encoder=clip) as session:
        session.use_editors(red, green)
        assert session.info()["resumable"] == 1
        (resumed,) = session.resume().result()
        assert resumed == session.edit_handle(edit.id)
        assert session.info()["resumable"] == 0
        assert session.edits == [resumed]
        assert resumed.state == "open"
        assert all(each.ready for each in resumed.candidates)
        assert len(red.requests) + len(green.requests) == 1  # what was there is not made again
        assert kept[0] in session.store.edit_candidates()
        assert session.resume() is None
    with Session.open(tmp_path / "s", read_only=True, generator=toybox, encoder=clip) as session:
        assert len(session.edits) == 1
        for verb in (
            lambda: session.edit(1, "make it red"),
            lambda: session.edits[0].choose("A"),
            lambda: session.edits[0].then("on snow"),
        ):
            with pytest.raises(StoreError, match="read_only"):
                verb()


def test_it_is_told_why_a_wish_may_change_little(session, picture, red):
    assert session.understand("put it at sea", picture).hint == (
        "the generator hardly knows “sea”: it may change little, or something else"
    )
    assert session.understand("put it on the beach", picture).hint == ""
    edit = made(session, picture, "make it turquoise", editors=[red])
    assert "“turquoise”" in edit.hint
    assert session.edit_table()[0]["hint"] == edit.hint
    assert edit.hint in edit._repr_html_()
    assert "stays as it is" in session.understand("remove the elephant", picture).hint


def test_an_editor_of_ones_own_is_tried_when_it_is_known(session, picture):
    blue = Tinting("blue", (0, 0, 255))
    session.use_editors(blue)
    assert "blue" in session.editor_names
    intent = session.understand("make it blue", picture)
    assert "blue" in [each.name for each in intent.ranked]
    assert intent.action == "recolour"


def test_an_editor_that_was_given_to_an_edit_serves_that_one_and_those_that_name_it(session, picture):
    own = Tinting("own", RED, actions=("restyle",))
    first = chosen(session, picture, "make it red", own)
    assert "own" in session.editor_names
    assert "own" not in [each.name for each in session.understand("as a sketch", picture).ranked]
    assert chosen(session, picture, "make it red", "own").chosen.editor == "own"
    first.replay(picture).result()
    assert len(own.requests) == 3
    with pytest.raises(InputError, match="use_editors"):
        session.edit(picture, "make it red", editors=[Tinting("inpainting", RED)])
    session.use_editors(own)
    assert "own" in [each.name for each in session.understand("as a sketch", picture).ranked]


def test_an_editor_is_tried_only_for_what_it_is_made_for_where_there_are_others(session, picture):
    styled = Tinting("styled", RED, actions=("restyle",))
    session.use_editors(styled)
    edit = made(session, picture, "make it red")
    assert len(edit.candidates) >= 2
    assert not styled.requests


def test_editors_are_rated_by_what_was_chosen_blind(session, picture):
    good, bad = Tinting("good", RED), Tinting("bad", GREEN)
    for _ in range(4):
        edit = made(session, picture, "make it red", editors=[good, bad])
        edit.choose(by(edit, "good"))
    table = session.editor_ratings("recolour").set_index("editor")
    assert table.loc["good", "low"] < table.loc["good", "rating"] < table.loc["good", "high"]
    assert table.loc["good", "rating"] > 0 > table.loc["bad", "rating"]
    assert table.loc["good", ["chosen", "shown"]].tolist() == [4, 4]
    assert session.editor_ratings("reorient").empty
    with pytest.raises(InputError, match="recolour"):
        session.editor_ratings("dance")
    session.undo()
    assert session.editor_ratings("recolour").set_index("editor").loc["good", "shown"] == 3


def test_accepted_edits_teach_the_prompt_what_was_wished(session, green):
    ids = [each.id for each in session.pictures("apple", origin="original")[:3]]
    with pytest.raises(InputError, match="accept"):
        session.teach_prompt(chosen(session, ids[0], "make the apple green", green))
    edits = [chosen(session, each, "put the apple on snow", green) for each in ids]
    accepted = [each.accept() for each in edits]
    session.teach_prompt(edits, max_proxies=16).result()
    (proposal,) = [each for each in session.store.proposals() if each.feedback["kind"] == "transform"]
    assert proposal.feedback["ids"] == ids
    assert proposal.feedback["second"] == accepted
    assert proposal.feedback["wish"] == "on snow"
    assert proposal.report["proxies"] <= 16
    assert session.history()["undo"] == "ask for a change of 3 pictures"
    assert session.undo().kind == "transform"
    assert session.store.proposal(proposal.id).state == "withdrawn"


def test_the_choices_are_written_as_a_preference_data_set(session, edit, tmp_path):
    edit.choose(by(edit, "green"), matches=4, unusable=[by(edit, "red")], words="fine")
    folder = session.export_preferences(tmp_path / "p")
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text("utf-8").splitlines()]
    (row,) = [row for row in rows if row["edit"] == edit.id]
    assert (row["chosen_editor"], row["rejected_editor"], row["matches"]) == ("green", "red", 4)
    assert (row["unusable"], row["blind"], row["words"]) == (True, True, "fine")
    with Image.open(folder / row["chosen_file_name"]) as picture:
        assert picture.convert("RGB").tobytes() == edit.image().tobytes()


def test_what_makes_no_sense_is_refused(session, edit, red, picture):
    before = session.store.edits()
    for arguments, said in (
        ({"pictures": 9999}, "no such pictures"),
        ({"pictures": []}, "at least one"),
        ({"instruction": "  "}, "instruction"),
        ({"instruction": " … "}, "instruction"),
        ({"instruction": "x" * 401}, "401"),
        ({"editors": ["nobody"]}, "nobody"),
        ({"editors": []}, "found none"),
        ({"editors": [3]}, "int"),
        ({"steps": 1.5}, "steps"),
        ({"seed": -1}, "seed"),
    ):
        with pytest.raises(InputError, match=said):
            session.edit(**{"pictures": picture, "instruction": "make it red", "editors": [red], **arguments})
    assert session.store.edits() == before
    for arguments, said in (
        ({"candidate": "Z"}, "A, B"),
        ({"candidate": "A", "matches": 6}, "matches"),
        ({"candidate": "A", "unusable": ["A"]}, "unusable"),
        ({"candidate": "A", "words": "x" * 1001}, "words"),
    ):
        with pytest.raises(InputError, match=said):
            edit.choose(**arguments)
    for verb in (edit.accept, edit.image, edit.record, lambda: edit.then("on snow")):
        with pytest.raises(InputError, match="chosen"):
            verb()
    with pytest.raises(InputError, match="id of an edit"):
        session.edit_handle(9999)
    with pytest.raises(InputError, match="Editor"):
        session.use_editors(Abilities("captions", ()))


@pytest.mark.usefixtures("edit")
def test_what_editing_takes_is_written_down(session):
    costs = [each for each in session.store.costs() if each.purpose == "edits"]
    assert costs
    assert session.cost.to_frame()["purpose"].isin(["edits"]).any()


def test_an_edit_shows_itself_without_naming_who_made_it(edit):
    page = edit._repr_html_()
    assert page.count("<img") == 3
    assert ">A</figcaption>" in page
    assert page.count("width:128px") == 3  # what is said under a picture is no wider than the picture
    edit.choose(by(edit, "green"))
    assert "green</figcaption>" in edit._repr_html_()
    assert "by green" in repr(edit)
