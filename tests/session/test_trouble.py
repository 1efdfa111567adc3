"""A full disk, a folder without rights, a model that vanishes, a picture that can't be read: said, and survived."""

import json
import os
import shutil
from pathlib import Path

import pytest

from datacrafter_widget import InputError, ModelError, Session, StoreError
from datacrafter_widget.models.registry import TOYBOX_PIPELINE
from datacrafter_widget.store import Store

# What can be wrong with a folder, how it begins and how it ends. Each sets `trouble` and `relief`.
FULL = """
import ctypes, os
MS_PRIVATE, MS_REC, CLONE_NEWNS = 1 << 18, 1 << 14, 0x00020000
libc = ctypes.CDLL(None, use_errno=True)
os.makedirs(args[0])
if libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) or libc.mount(
    b"tmpfs", args[0].encode(), b"tmpfs", 0, b"size=4m"
):
    say("unavailable")
    os._exit(0)
def trouble():
    with open(args[0] + "/.filler", "wb") as file:
        try:
            while True:
                file.write(bytes(4096))
                file.flush()
        except OSError:
            pass
def relief():
    os.unlink(args[0] + "/.filler")
"""
NO_WRITING = """
import resource
def trouble():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
def relief():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
NO_RIGHTS = """
import ctypes, pathlib
if os.geteuid() == 0:  # root writes all the same, unless it gives that up
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, nothing) == 0
def rights(folders, files):
    for path in [pathlib.Path(args[0]), *pathlib.Path(args[0]).rglob("*")]:
        path.chmod(folders if path.is_dir() else files)
def trouble():
    rights(0o500, 0o400)
def relief():
    rights(0o700, 0o600)
"""
ROUND = """
import json
from datacrafter_widget.session import Session
folder, images = args
session = Session.open(folder, images=images, generator=generator, encoder=encoder, batch_size=4)
session.observe().result(quiet=True)
shown = {}

def tell(event):
    if event["kind"] == "pictures":
        shown.update({one.id: one.sha256 for one in session.pictures(origin="generated")})
        if len(shown) == len(event["ids"]):
            trouble()

session.events.subscribe(tell)
job = session.generate(per_class=8, seed=3, num_inference_steps=2).wait(quiet=True)
words = [f"{type(job.error).__name__}: {job.error}"]
try:
    session.add_template("apple", "a drawing of a {class}")
except Exception as error:
    words.append(f"{type(error).__name__}: {error}")
kept = {one.id: one.sha256 for one in session.pictures(origin="generated")}
assert shown.items() <= kept.items()
assert [session.image(one).size for one in kept] == [(64, 64)] * len(kept)
assert len(kept) < 16
relief()
session.add_template("apple", "a sketch of a {class}")
resumed = session.resume()
assert resumed is not None
resumed.result(quiet=True)
whole = {one.id: one.sha256 for one in session.pictures(origin="generated")}
assert shown.items() <= whole.items()
assert session.resume() is None
assert session._store.integrity_check(deep=True) == []
assert not list(session._store.folder.rglob("*.tmp"))
contents = sorted(whole.values())
session.close()
say(json.dumps([job.state, words, contents]))
"""

OPEN_WITHOUT_RIGHTS = """
import json
from datacrafter_widget.session import Session
models = {"generator": generator, "encoder": encoder}
Session.open(args[0], images=args[1], **models).close()
trouble()
try:
    Session.open(args[0], **models)
except Exception as error:
    words = f"{type(error).__name__}: {error}"
with Session.open(args[0], **models, read_only=True) as session:
    pictures = session.pictures()
    assert session.image(pictures[0].id).size == (64, 64)
relief()
Session.open(args[0], **models).close()
say(json.dumps([words, len(pictures)]))
"""


@pytest.fixture(scope="module")
def untroubled(forked, few, tmp_path_factory):
    """The content of the round's pictures when all goes well."""
    folder = tmp_path_factory.mktemp("untroubled") / "s"
    forked.run(
        "from datacrafter_widget.session import Session\n"
        "s = Session.open(args[0], images=args[1], generator=generator, encoder=encoder, batch_size=4)\n"
        "s.generate(per_class=8, seed=3, num_inference_steps=2).result(quiet=True)\n"
        "s.close()",
        str(folder),
        str(few),
    )
    with Store(folder, read_only=True) as store:
        return sorted(one.sha256 for one in store.pictures(origin="generated"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("trouble", [FULL, NO_WRITING, NO_RIGHTS], ids=["full", "no_writing", "no_rights"])
def test_a_disk_that_refuses_ends_the_round_and_the_session_goes_on_later(
    forked, few, tmp_path, untroubled, trouble
):
    said = forked.run("import os\n" + trouble + ROUND, str(tmp_path / "s"), str(few))
    if said == [["unavailable"]]:
        pytest.skip("no right to mount a small file system here")
    state, words, contents = json.loads(" ".join(said[0]))
    assert state == "failed"
    assert len(words) == (1 if trouble == NO_RIGHTS else 2)  # a database that is open already can be written
    for each in words:
        assert each.startswith("StoreError: expected to ")
        assert str(tmp_path / "s") in each
        assert "disk" in each
        assert "folder" in each  # what to look at
    assert contents == untroubled


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_folder_without_rights_can_still_be_looked_at(forked, few, tmp_path):
    said = forked.run("import os\n" + NO_RIGHTS + OPEN_WITHOUT_RIGHTS, str(tmp_path / "s"), str(few))
    words, pictures = json.loads(" ".join(said[0]))
    assert words.startswith(f"StoreError: expected a session that can be opened at {tmp_path / 's'}")
    assert "Permission denied" in words
    assert "read_only=True" in words
    assert pictures == 12


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(TOYBOX_PIPELINE, folder)
    return folder


def ask(session, **changes):
    return session.generate(**{"per_class": 1, "classes": "apple", "num_inference_steps": 2, **changes})


def test_a_model_that_vanishes_before_the_first_picture_is_named_and_may_come_back(tmp_path, few, model):
    with Session.open(tmp_path / "s", images=few, generator=str(model)) as session:
        session.observe().result()
        model.rename(tmp_path / "elsewhere")
        with pytest.raises(ModelError, match=rf"{model}.*expected"):
            ask(session).result()
        assert session.map_points()["id"].size == len(session.pictures()) == 12
        (tmp_path / "elsewhere").rename(model)
        resumed = session.resume()
        assert resumed is not None
        assert len(resumed.result()) == 1
        assert session.resume() is None


def test_a_model_that_vanishes_between_two_rounds_is_missed_when_it_is_loaded_again(tmp_path, few, model):
    with Session.open(tmp_path / "s", images=few, generator=str(model)) as session:
        first = ask(session).result()
        shutil.move(model, tmp_path / "elsewhere")
        second = ask(session).result()  # it is in memory
        session.release()
        with pytest.raises(ModelError, match=rf"{model}.*expected"):
            ask(session).result()
        assert [session.image(one).size for one in first + second] == [(64, 64)] * 2
        (tmp_path / "elsewhere").rename(model)
        resumed = session.resume()
        assert resumed is not None
        assert len(resumed.result()) == 1


def test_a_session_whose_model_has_vanished_opens_and_shows_its_pictures(tmp_path, few, model):
    with Session.open(tmp_path / "s", images=few, generator=str(model)) as session:
        made = ask(session).result()
    shutil.rmtree(model)
    with Session.open(tmp_path / "s") as session:
        assert [session.image(one).size for one in made] == [(64, 64)]
        with pytest.raises(ModelError, match=r"generator: expected an existing folder or a hub id"):
            ask(session).result()
        assert session.map_points()["id"].size == 13
    with Session.open(tmp_path / "s", generator="toybox") as session:
        resumed = session.resume()
        assert resumed is not None
        assert len(resumed.result()) == 1


def damage(session, picture_id) -> tuple[Path, bytes]:
    path = session._store.image_path(picture_id)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path, whole


def test_a_parent_that_cannot_be_read_stops_its_round_until_it_is_back(tmp_path, few):
    with Session.open(tmp_path / "s", images=few) as session:
        session.observe().result()
        parents = [one.id for one in session.pictures("apple")]
        path, whole = damage(session, parents[0])
        job = ask(session, per_class=len(parents), perturbation="image2image", strength=0.5).wait()
        assert isinstance(job.error, StoreError)
        assert str(path) in str(job.error)
        assert "backup" in str(job.error)
        made = session.pictures(origin="generated")
        assert len(ask(session, classes="crane").result()) == 1  # the session stays usable
        path.write_bytes(whole)
        resumed = session.resume()
        assert resumed is not None
        assert len(resumed.result()) == len(parents) - len(made)


def test_a_round_that_cannot_be_planned_is_not_left_to_resume(tmp_path, few):
    with Session.open(tmp_path / "s", images=few) as session:
        session.add_template("crane", "a photo of a {class}")
        session._store.set_hidden([one.id for one in session.pictures("crane")], hidden=True)
        job = ask(session, classes="crane", perturbation="image2image", strength=0.5).wait()
        with pytest.raises(InputError, match="no original to start from"):
            job.result()
        assert session.resume() is None
        assert len(ask(session, classes="crane").result()) == 1


def test_an_original_that_cannot_be_read_does_not_keep_the_others_from_the_map(tmp_path, few):
    with Session.open(tmp_path / "s", images=few) as session:
        session.observe().result()
        heard = []
        session.events.subscribe(lambda event: heard.append(event) if event["kind"] == "warning" else None)
        with session._store.transaction() as connection:
            connection.execute("DELETE FROM embedding")  # as with another encoder
        bad = session.pictures("apple")[0].id
        path, whole = damage(session, bad)
        session.observe().result()
        assert any(str(path) in event["message"] for event in heard)
        assert len(ask(session).result()) == 1
        assert len(session.pictures()) == 13
        path.write_bytes(whole)
        session.observe().result()
        ids, _ = session._observer.embeddings(session.pictures())
        assert bad in ids


def test_a_file_that_is_no_picture_is_left_out_of_an_import_and_named(tmp_path, few):
    images = tmp_path / "images"
    shutil.copytree(few, images)
    (images / "apple" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with Session.open(tmp_path / "s", images=images) as session:
        assert session.import_report is not None
        assert "broken.png" in str(session.import_report)
        assert len(session.pictures()) == 12
