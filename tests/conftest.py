"""What every test shares: no network, and the toybox's originals as picture files."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve each other on shared cores


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with six rendered pictures each; all of class "crane" are birds."""
    from datacrafter_widget.toybox import write_originals

    folder = tmp_path_factory.mktemp("toybox") / "originals"
    write_originals(folder, per_class=6, seed=11)
    return folder
