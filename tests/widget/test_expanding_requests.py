"""What the page may ask for to expand a data set, and what it hears of it."""

import json

import pytest
from blocks import decode
from PIL import Image

from datacrafter_widget.session.plain import plain
from datacrafter_widget.session.tables import TABLES

KEPT = ["points", *(name for name in TABLES if name != "info")]  # the memory in "info" changes by itself


def test_a_preview_is_a_message_of_small_pictures_and_leaves_no_trace(session, page):
    first = session.classes[0].id
    session.events.emit("warning", where="info", message="first")
    page.wait(lambda m: m.get("message") == "first")
    page.ask("hello", seq=page.widget._feed.seq)  # answered once the messages of the widget's opening are out
    seq, before = page.widget._feed.seq, {name: getattr(page.widget, name) for name in KEPT}
    images = [Image.new("RGB", size, "red") for size in [(64, 64), (1024, 512)]]
    session.events.emit("preview", job=9, class_ids=[first, first], images=images)
    message, buffers = page.wait(lambda m: m["type"] == "preview")
    assert message == {"type": "preview", "job": 9, "class_ids": [first, first], "count": 2}
    assert [buffer[8:12] for buffer in buffers] == [b"WEBP"] * 2
    assert sum(map(len, buffers)) < 5_000
    assert images[1].size == (1024, 512)
    assert page.widget._feed.seq == seq
    assert {name: getattr(page.widget, name) for name in KEPT} == before


def test_info_lists_what_can_be_done_with_a_sentence_on_each(session):
    info = session.info()
    ways = {row["name"]: row for row in info["perturbations"]}
    assert list(ways) == ["text2image", "image2image", "gif", "gif_unoptimised"]
    assert [row["needs_originals"] for row in ways.values()] == [False, True, True, True]
    for row in [*info["perturbations"], *info["strategies"]]:
        assert row["title"]
        assert row["text"].endswith(".")
    assert "imagefolder" in info["export_formats"]
    json.dumps(plain(info), allow_nan=False)


@pytest.mark.parametrize("perturbation", ["gif", "gif_unoptimised"])
def test_pictures_are_imagined_from_originals(session, page, perturbation):
    answer, _ = page.ask(
        "generate",
        per_class=1,
        classes=[session.classes[0].id],
        seed=3,
        perturbation=perturbation,
        strength=0.4,
        guidance_scale=None,
        num_inference_steps=None,
    )
    (made,) = session._runner.job(answer["result"]).result(240)
    provenance = session.picture(made)["provenance"]
    assert (provenance["perturbation"], provenance["strength"]) == (perturbation, 0.4)


def test_a_way_of_generating_that_is_unknown_is_named(session, page):
    answer, _ = page.ask(
        "generate",
        per_class=1,
        classes=None,
        seed=None,
        perturbation="magic",
        strength=None,
        guidance_scale=None,
        num_inference_steps=None,
    )
    assert answer["type"] == "error"
    assert "magic" in answer["message"]
    assert not [job for job in session.job_table() if job["state"] in {"queued", "running"}]


def test_a_flagged_picture_is_marked_until_it_is_kept(session, page):
    picture = session.pictures()[0].id
    session.flag([picture])
    _, buffers = page.wait(lambda m: m["type"] == "update")
    read = decode(buffers[0])
    assert (list(read["id"]), list(read["flagged"])) == ([picture], [1])
    page.wait(lambda m: m["type"] == "state" and m["tables"].get("info", {}).get("flagged") == {"user": 1})
    sheet, _ = page.ask("picture", picture=picture)
    assert sheet["result"]["flagged"]
    assert [flag["words"] for flag in sheet["result"]["flags"]]
    page.messages.clear()
    answer, _ = page.ask("keep", ids=[picture])
    assert answer["type"] == "reply"
    _, buffers = page.wait(lambda m: m["type"] == "update")
    assert list(decode(buffers[0])["flagged"]) == [0]
    page.wait(lambda m: m["type"] == "state" and m["tables"].get("info", {}).get("flagged") == {})


def test_a_strategy_writes_prompts_that_undo_takes_back(session, page):
    before = session.template_table()
    first = session.classes[0].id
    answer, _ = page.ask("use_strategy", strategy="NP", classes=[first], replace=True)
    assert answer["type"] == "reply"
    mine = [row for row in session.template_table() if row["class_id"] == first]
    assert [row["id"] for row in mine] == answer["result"]
    assert session.classes[1].word in mine[0]["negative"]
    page.ask("undo")
    assert session.template_table() == before


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("use_strategy", {"strategy": "XX", "classes": None, "replace": True}, "XX"),
        ("use_strategy", {"strategy": "ST", "classes": [10**6], "replace": True}, "1000000"),
        ("tune", {"class_id": 10**6, "method": "lora", "steps": 5}, "1000000"),
        ("tune", {"class_id": 1, "method": "lora", "steps": 0}, "steps"),
        ("keep", {"ids": [10**9]}, "1000000000"),
        ("export", {"path": "x", "format": "pdf", "overwrite": False}, "pdf"),
    ],
)
def test_what_makes_no_sense_is_answered_in_words(session, page, kind, arguments, message):
    jobs = len(session.job_table())
    answer, _ = page.ask(kind, **arguments)
    assert answer["type"] == "error"
    assert message in answer["message"]
    assert len(session.job_table()) == jobs


def test_a_class_is_taught_as_a_job_and_its_token_listed(session, page):
    answer, _ = page.ask("tune", class_id=session.classes[0].id, method="lora", steps=1)
    job = session._runner.job(answer["result"])
    assert job.kind == "tune"
    token = job.result(240)
    page.wait(
        lambda m: (
            m["type"] == "state"
            and any(
                (row["token"], row["state"]) == (token, "ready")
                for row in m["tables"].get("info", {}).get("concepts", [])
            )
        )
    )


def test_a_data_set_is_exported_in_the_format_asked_for(page, tmp_path):
    answer, _ = page.ask("export", path=str(tmp_path / "coco"), format="coco", overwrite=False)
    assert answer["result"]["total"] > 0
    assert list((tmp_path / "coco").rglob("*.json"))
