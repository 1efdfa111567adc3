"""Data sets in and out through the session: the user's entry points."""

import pytest

from datacrafter_widget import Session


@pytest.fixture(scope="module")
def session(tmp_path_factory, originals):
    with Session.open(tmp_path_factory.mktemp("formats") / "s", images=originals) as opened:
        opened.generate(
            per_class=1, classes="crane", perturbation="image2image", num_inference_steps=3
        ).result()
        yield opened


@pytest.mark.parametrize("kind", ["coco", "webdataset"])  # every format's own tests are with the store
def test_a_session_opens_what_another_exported(session, kind, tmp_path):
    report = session.export(tmp_path / "set", format=kind)
    with Session.open(tmp_path / "again", images=tmp_path / "set") as again:
        assert again.import_report.imported == report.total == len(session.pictures())
        (made,) = again.pictures(origin="generated")
        assert made.provenance.parent_id in {
            picture.id for picture in again.pictures("crane", origin="original")
        }
        assert [row.name for row in again.classes] == [row.name for row in session.classes]
        assert again.template_table()


def test_a_session_adds_a_data_frame_and_a_dataset_of_another(session, tmp_path):
    datasets = pytest.importorskip("datasets")
    dataset = session.to_huggingface(split=0.3)
    assert isinstance(dataset, datasets.DatasetDict)
    with Session.open(tmp_path / "again", images=session.to_pandas()) as again:
        assert again.import_report.imported == len(session.pictures())
        report = again.add_images(dataset["train"])
        assert (report.imported, len(report.duplicates)) == (0, len(dataset["train"]))
