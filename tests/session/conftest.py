import shutil

import pytest
from forked import CLASSES, Forked


@pytest.fixture(scope="module")
def forked():
    with Forked() as prepared:
        yield prepared


@pytest.fixture(scope="module")
def few(originals, tmp_path_factory):
    """Originals of two classes."""
    folder = tmp_path_factory.mktemp("few")
    for name in CLASSES:
        shutil.copytree(originals / name, folder / name)
    return folder
