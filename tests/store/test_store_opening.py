"""Opening a session folder: who may, what is refused, and what the message says."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.store import Store, is_session
from datacrafter_widget.store.schema import APPLICATION_ID, MIGRATIONS, migrate, user_version

HOLD = """
import sys, time
from datacrafter_widget.store import Store
store = Store(sys.argv[1])
store.add_class("crane")
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture
def other_process(tmp_path: Path):
    """Another process that has tmp_path/session open for writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "session")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_session_comes_back_as_it_was_closed(tmp_path, paint):
    with Store(tmp_path / "new" / "session") as store:
        crane = store.add_class("crane")
        picture = store.add_original(paint(1), crane.id, "crane/1.png")
        store.set_meta("settings", {"generator": "toybox", "sizes": [64, 64]})
    assert is_session(tmp_path / "new" / "session")
    with Store(tmp_path / "new" / "session") as store:
        assert store.classes() == [crane]
        assert store.pictures() == [picture]
        assert store.load_image(picture.id).tobytes() == paint(1).tobytes()
        assert store.get_meta("settings") == {"generator": "toybox", "sizes": [64, 64]}
        assert store.get_meta("nothing", "default") == "default"
        assert store.integrity_check(deep=True) == []


def test_a_second_writer_is_told_who_has_it_and_what_to_do(tmp_path, other_process):
    with pytest.raises(StoreError, match=rf"process {other_process.pid} .*read_only=True"):
        Store(tmp_path / "session")


def test_a_second_writer_in_the_same_kernel_is_refused_too(store):
    with pytest.raises(StoreError, match=rf"this same process \({os.getpid()}\).*session.close\(\)"):
        Store(store.folder)
    store.add_class("still works")


def test_the_lock_goes_with_a_killed_process(tmp_path, other_process):
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    with Store(tmp_path / "session") as store:
        assert [row.name for row in store.classes()] == ["crane"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_worker_does_not_keep_the_lock(tmp_path):
    """A data loader's worker may outlive the kernel that forked it."""
    script = f"""
import os, time
from datacrafter_widget.store import Store
store = Store({str(tmp_path / "session")!r})
if os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(600)
os._exit(0)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        process.wait()
        Store(tmp_path / "session").close()
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()


@pytest.mark.usefixtures("other_process")
def test_reading_while_another_process_writes(tmp_path):
    with Store(tmp_path / "session", read_only=True) as store:
        assert [row.name for row in store.classes()] == ["crane"]
        with pytest.raises(StoreError, match="read_only"):
            store.add_class("heron")


def test_reading_what_a_killed_process_left(tmp_path, other_process):
    other_process.kill()
    other_process.wait()
    with Store(tmp_path / "session", read_only=True) as store:
        assert [row.name for row in store.classes()] == ["crane"]


def test_reading_changes_no_file(tmp_path, paint):
    with Store(tmp_path / "session") as store:
        picture = store.add_original(paint(), store.add_class("crane").id, None)
    before = tree(tmp_path / "session")
    with Store(tmp_path / "session", read_only=True) as store:
        assert store.thumbnail(picture.id)[8:12] == b"WEBP"
        for write in (
            lambda: store.add_original(paint(2), 1),
            lambda: store.set_hidden([picture.id], True),
            lambda: store.set_meta("key", 1),
            lambda: store.log_action("remove", {}),
        ):
            with pytest.raises(StoreError, match="read_only"):
                write()
    after = tree(tmp_path / "session")
    assert {name: after.get(name) for name in before} == before
    assert set(after) - set(before) <= {"session.db-wal", "session.db-shm"}  # SQLite's, and empty of rows
    assert after.get("session.db-wal", b"") == b""


def test_an_unchanging_disk_can_be_read(tmp_path, monkeypatch):
    """On a read-only mount SQLite can't make its log's index; the file is then read on its own."""
    Store(tmp_path / "session").close()
    real = sqlite3.connect

    def connect(address, **options):
        if "immutable" not in address:
            raise_on_use = real(":memory:", **options)
            raise_on_use.close()
            return _Refusing()
        return real(address, **options)

    class _Refusing:
        def execute(self, _sql):
            raise sqlite3.OperationalError("unable to open database file")

        def close(self):
            pass

    monkeypatch.setattr(sqlite3, "connect", connect)
    with Store(tmp_path / "session", read_only=True) as store:
        assert store.classes() == []


def test_a_folder_of_pictures_is_not_taken_for_a_session(tmp_path, paint):
    paint().save(tmp_path / "holiday.png")
    with pytest.raises(StoreError, match=r"holiday\.png.*images="):
        Store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.png"]


def test_hidden_files_do_not_make_a_folder_foreign(tmp_path):
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    Store(tmp_path).close()


def test_a_file_or_a_missing_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(StoreError, match="is a file"):
        Store(tmp_path / "file")
    with pytest.raises(StoreError, match=r"no session\.db"):
        Store(tmp_path / "missing", read_only=True)
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_session_of_a_newer_version_says_update(tmp_path, read_only):
    Store(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "session.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StoreError, match=r"version 999.*pip install -U"):
        Store(tmp_path, read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
def test_another_programs_database_is_left_alone(tmp_path, read_only):
    connection = sqlite3.connect(tmp_path / "session.db")
    connection.execute("CREATE TABLE notes (text)")
    connection.commit()
    connection.close()
    before = (tmp_path / "session.db").read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store(tmp_path, read_only=read_only)
    assert (tmp_path / "session.db").read_bytes() == before


@pytest.mark.parametrize("read_only", [False, True])
def test_a_damaged_database_is_an_error_with_the_path(tmp_path, read_only):
    Store(tmp_path).close()
    (tmp_path / "session.db").write_bytes(b"this was a database once" * 200)
    with pytest.raises(StoreError, match=r"not a database.*backup"):
        Store(tmp_path, read_only=read_only)
    Path(tmp_path / "session.db").unlink()
    Store(tmp_path).close()  # the failed attempt kept no lock


def test_an_older_file_is_brought_up_to_date_step_by_step(tmp_path):
    connection = sqlite3.connect(tmp_path / "session.db", isolation_level=None)
    assert migrate(connection) == len(MIGRATIONS) == user_version(connection)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.execute("INSERT INTO class (name, word, position) VALUES ('crane', 'crane', 0)")
    broken = (*MIGRATIONS, "ALTER TABLE class ADD COLUMN colour TEXT; CREATE TABLE class (id)")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)
    assert user_version(connection) == len(MIGRATIONS)
    better = (*MIGRATIONS, "ALTER TABLE class ADD COLUMN colour TEXT DEFAULT 'red'")
    assert migrate(connection, better) == len(MIGRATIONS) + 1
    assert connection.execute("SELECT name, colour FROM class").fetchall() == [("crane", "red")]
    connection.close()


def test_a_closed_store_says_so(tmp_path):
    store = Store(tmp_path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match=r"closed\. Open it again"):
        store.classes()
    with pytest.raises(StoreError, match="closed"):
        store.add_class("crane")


def test_a_transaction_is_kept_whole_or_not_at_all(store):
    def fail_halfway():
        with store.transaction():
            store.add_class("crane")
            store.set_meta("key", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert store.classes() == []
    assert store.get_meta("key") is None
    with store.transaction():
        store.add_class("heron")
    assert [row.name for row in store.classes()] == ["heron"]


def test_bad_values_are_refused_and_harm_nothing(store):
    with pytest.raises(InputError, match="JSON"):
        store.set_meta("key", {1, 2})
    with pytest.raises(InputError, match="already"):
        store.add_class(store.add_class("crane").name)
    with pytest.raises(InputError, match="visible characters"):
        store.add_class("  ")
    with pytest.raises(InputError, match="ids that exist"):
        store.add_template(77, "a {class}")
    store.add_class("cafe\u0301")
    assert store.class_by_name("caf\u00e9").word == "caf\u00e9"
