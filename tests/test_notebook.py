"""The quickstart notebook runs from top to bottom, as it is in the repository."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "notebooks/01_quickstart.ipynb"


@pytest.mark.timeout(1200)
def test_the_quickstart_executes(tmp_path: Path):
    shutil.copy(NOTEBOOK, tmp_path)
    notebook = nbformat.read(tmp_path / NOTEBOOK.name, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert (tmp_path / "demo-dataset/metadata.jsonl").is_file()
