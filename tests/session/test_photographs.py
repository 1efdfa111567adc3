"""The loop on real photographs: crops of those that scikit-learn and scikit-image bring, as JPEG and PNG files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import Session


def crops(photograph: np.ndarray, folder: Path, suffix: str) -> None:
    folder.mkdir(parents=True)
    image = Image.fromarray(photograph)
    side = min(image.size) // 2
    for index, (x, y) in enumerate([(0, 0), (side, 0), (0, side), (side, side), (side // 2, side // 2)]):
        image.crop((x, y, x + side, y + side)).save(folder / f"{index}{suffix}")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    from skimage import data
    from sklearn.datasets import load_sample_image

    folder = tmp_path / "photographs"
    crops(load_sample_image("flower.jpg"), folder / "flower", ".jpg")
    crops(load_sample_image("china.jpg"), folder / "寺", ".jpeg")
    crops(data.chelsea(), folder / "cat", ".png")
    crops(data.coffee(), folder / "cup of coffee", ".png")
    return folder


def test_the_loop_walks_on_real_photographs(photographs: Path, tmp_path: Path):
    before = {path: path.read_bytes() for path in photographs.rglob("*.*")}
    with Session.open(tmp_path / "session", images=photographs, class_words={"寺": "temple"}) as session:
        session.observe().result()
        assert {row["name"]: row["originals"] for row in session.info()["classes"]} == {
            "flower": 5,
            "寺": 5,
            "cat": 5,
            "cup of coffee": 5,
        }
        made = session.generate(4, perturbation="image2image", strength=0.5, num_inference_steps=6).result()
        assert len(made) == 16
        assert any("temple" in session.picture(picture)["provenance"]["prompt"] for picture in made)
        assert len(session.map_points()["id"]) == 36
        assert session.label_table()
        cats = [picture.id for picture in session.pictures("cat", origin="generated")]
        session.remove(cats[:2]).wait()
        for proposal in session.proposals:
            proposal.accept()
        report = session.export(tmp_path / "dataset")
        assert report.total == 34
    assert {path: path.read_bytes() for path in photographs.rglob("*.*")} == before
