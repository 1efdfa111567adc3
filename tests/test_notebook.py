"""The notebooks run from top to bottom, as they are in the repository."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
MOST_BYTES = 1_500_000


def execute(name: str, folder: Path) -> nbformat.NotebookNode:
    shutil.copy(NOTEBOOKS / name, folder)
    notebook = nbformat.read(folder / name, as_version=4)
    NotebookClient(notebook, timeout=1500, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def figures(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The outputs that are Plotly's."""
    return [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]


def printed(notebook: nbformat.NotebookNode) -> str:
    """What its cells print."""
    return "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )


@pytest.mark.timeout(1200)
def test_the_quickstart_executes(tmp_path: Path):
    notebook = execute("01_quickstart.ipynb", tmp_path)
    before, after = (
        int(number) for number in re.findall(r"(\d+) of 24 cranes are no birds", printed(notebook))
    )
    assert after < before / 2
    assert "data:image/webp" in nbformat.writes(notebook)  # of the proposal
    assert (tmp_path / "demo-dataset/metadata.jsonl").is_file()


@pytest.mark.timeout(1200)
def test_the_notebook_on_own_pictures_and_models_executes(tmp_path: Path):
    notebook = execute("02_your_own_pictures_and_models.ipynb", tmp_path)
    shown = nbformat.writes(notebook)
    assert shown.count("data:image/webp") > 80  # imported, by steps and guidance, rendered
    for told in ("2 left out as duplicates", "boat/download.jpg", "Nearly the same as picture"):
        assert told in shown
    said = printed(notebook)
    assert "expected a folder of class folders at my-picturs" in said
    assert "my-own/my-model on cpu" in said
    assert "by renderer" in said
    assert (tmp_path / "my-own/data-set/val").is_dir()
    assert len(shown) < MOST_BYTES


@pytest.mark.timeout(1200)
def test_the_notebook_on_prompts_executes_and_shows_proposals(tmp_path: Path):
    notebook = execute("03_refining_prompts.ipynb", tmp_path)
    shown = nbformat.writes(notebook)
    assert len(figures(notebook)) == 1
    assert shown.count("data:image/webp") > 150  # made, and the proxies of five proposals before and after
    said = printed(notebook)
    assert "'[' is never closed" in said
    assert re.search(r"now [0-2] of 16 cranes are machines", said)
    assert "no better prompt found" in said
    assert len(shown) < MOST_BYTES


@pytest.mark.timeout(1200)
def test_the_notebook_on_the_map_executes_and_stays_small(tmp_path: Path):
    notebook = execute("07_the_map.ipynb", tmp_path)
    assert len(figures(notebook)) == 5
    assert len(nbformat.writes(notebook)) < MOST_BYTES


@pytest.mark.timeout(2700)
def test_the_notebook_on_evaluation_executes_and_compares(tmp_path: Path):
    notebook = execute("05_does_it_help.ipynb", tmp_path)
    assert len(figures(notebook)) == 2
    shown = nbformat.writes(notebook)
    assert all(arm in shown for arm in ("image2image", "guided", "retrieved"))
    assert len(shown) < MOST_BYTES


@pytest.mark.timeout(1800)
def test_the_notebook_on_what_is_missing_executes_and_shows_pictures(tmp_path: Path):
    notebook = execute("04_what_is_missing.ipynb", tmp_path)
    shown = nbformat.writes(notebook)
    assert shown.count("data:image/webp") > 100  # nearest, made, collected, drawn in each round
    assert "8 pictures imported" in printed(notebook)
    assert "<boat-1> is ready" in printed(notebook)
    assert "FutureWarning" not in shown
    assert len(shown) < MOST_BYTES


@pytest.mark.timeout(1200)
def test_the_notebook_on_editing_executes_and_publishes(tmp_path: Path):
    notebook = execute("06_editing.ipynb", tmp_path)
    shown = nbformat.writes(notebook)
    assert shown.count("data:image/webp") > 60  # made, candidates, steps, replayed, the gallery's
    assert "largest change outside 0," in printed(notebook)
    assert "make the apple green" in printed(notebook)
    site = (tmp_path / "nearly-right/site/index.html").read_text("utf-8")
    assert "A winter apple" in site
    assert "A bird, drawn" not in site  # private
    assert len(shown) < MOST_BYTES


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_a_saved_notebook_is_small_and_shows_no_error_and_no_warning(path: Path):
    assert path.stat().st_size < MOST_BYTES
    outputs = [o for cell in nbformat.read(path, as_version=4).cells for o in cell.get("outputs", [])]
    assert all(output.output_type != "error" for output in outputs)
    assert all(output.get("name") != "stderr" for output in outputs)
