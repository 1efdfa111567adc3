"""Pictures that are kept apart from a session's data set."""

import pytest
from PIL import Image

from datacrafter_widget.errors import InputError, StoreError
from datacrafter_widget.session import Session
from datacrafter_widget.toybox import write_originals


@pytest.fixture
def apart(tmp_path, few):
    """Other pictures of the same classes."""
    write_originals(
        tmp_path / "apart", per_class=3, classes=sorted(each.name for each in few.iterdir()), seed=5
    )
    return tmp_path / "apart"


def test_held_out_pictures_are_kept_apart_from_the_data_set(tmp_path, few, apart):
    with Session.open(tmp_path / "session", few) as session:
        before = session.pictures()
        report = session.set_validation(apart)
        assert report.imported == 6
        held = session.held_out()
        assert len(held) == 6
        assert sorted(set(held.class_ids)) == sorted(row.id for row in session.classes)
        with Image.open(held.paths[0]) as image:
            assert image.size == (64, 64)
        assert session.pictures() == before
        assert len(session.held_out("test")) == 0
    with Session.open(tmp_path / "session", read_only=True) as session:
        assert session.held_out().sha256s == held.sha256s
        with pytest.raises(StoreError, match="read_only"):
            session.set_validation(apart)


def test_what_would_leak_is_left_out_and_reported(tmp_path, few, apart):
    with Session.open(tmp_path / "session", few) as session:
        session.set_validation(apart, "test")
        own = few / session.classes[0].name / next((few / session.classes[0].name).iterdir()).name
        theirs = next((apart / session.classes[0].name).iterdir())
        strange = Image.new("RGB", (64, 64), "red")
        name = session.classes[0].name
        report = session.set_validation(
            [(own, name), (theirs, name), (strange, name), (strange, name), (strange, "unicorn")]
        )
        assert report.imported == 1
        assert len(report.duplicates) == 3
        assert "the session has no class 'unicorn'" in str(report)
        assert len(session.held_out()) == 1
        session.add_images([(strange, name)])
        assert len(session.held_out()) == 0
        with pytest.raises(InputError, match="'validation' or 'test'"):
            session.set_validation(apart, "train")
