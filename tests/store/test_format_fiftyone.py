"""FiftyOne, where it and its database are installed."""

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.errors import InputError
from datacrafter_widget.session.exporting import Exporting
from datacrafter_widget.store import Store, import_images

WREN = 'Zaun/könig, "klein" [1]'


@pytest.fixture
def fiftyone(monkeypatch):
    monkeypatch.setenv("FIFTYONE_DO_NOT_TRACK", "1")
    module = pytest.importorskip("fiftyone", reason="FiftyOne brings a database server; it is no dependency")
    try:
        module.list_datasets()
    except Exception as error:  # its database can't be started here
        pytest.skip(f"FiftyOne has no database: {error}")
    return module


@pytest.fixture
def session(expanded):
    """The session's verbs on that store."""
    session = Exporting()
    session._store = expanded
    return session


@pytest.mark.usefixtures("fiftyone")
def test_a_fiftyone_dataset_has_classes_boxes_and_facts_and_comes_back(session, expanded, known, tmp_path):
    dataset = session.to_fiftyone("datacrafter-test", split=0.3, overwrite=True)
    try:
        assert len(dataset) == 37
        assert dataset.default_classes == ["crane", WREN, "later"]
        assert dataset.count_values("ground_truth.label") == {"crane": 19, WREN: 18}
        samples = {sample.picture_id: sample for sample in dataset}
        assert samples[21].tags[0] == "generated"
        assert samples[21].tags[1] in ("train", "val")
        assert (samples[21].seed, samples[21].parent_id, samples[21].prompt) == (
            1000,
            1,
            "a photo of a crane",
        )
        first, second = samples[1].detections.detections
        np.testing.assert_allclose(second.bounding_box, [14.5 / 24, 3 / 16, 6 / 24, 4 / 16])
        assert (first.label, second.label) == ("crane", WREN)
        assert Image.open(samples[1].filepath).size == (24, 16)
        with Store(tmp_path / "second") as again:
            report = import_images(again, dataset)
            assert (report.imported, report.generated, report.boxes) == (37, 18, 5)
            assert known(again) == known(expanded)
        with pytest.raises(InputError, match="overwrite=True"):
            session.to_fiftyone("datacrafter-test")
    finally:
        dataset.delete()


def test_samples_with_boxes_only_get_the_class_of_the_largest_area(fiftyone, store, paint, tmp_path):
    for seed in range(2):
        paint(seed).save(tmp_path / f"{seed}.png")
    dataset = fiftyone.Dataset("datacrafter-boxes", overwrite=True)
    try:
        boxes = [
            fiftyone.Detection(label="crane", bounding_box=[0, 0, 0.5, 0.5]),
            fiftyone.Detection(label="wren", bounding_box=[0, 0, 0.9, 0.9], confidence=0.5),
        ]
        samples = [fiftyone.Sample(filepath=str(tmp_path / f"{seed}.png")) for seed in range(2)]
        samples[0]["found"] = fiftyone.Detections(detections=boxes)
        dataset.add_samples(samples)
        report = import_images(store, dataset)
        assert report.per_class == {"wren": 1}
        assert [problem.reason for problem in report.problems] == ["no label: its class is unknown"]
        assert [(box.width, box.source) for box in store.boxes()[1]] == [(12, "given"), (21.6, "pseudo")]
    finally:
        dataset.delete()
