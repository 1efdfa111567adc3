"""`datacrafter demo --headless` shows the whole loop, and what it promises."""

import json
from pathlib import Path

import pytest

from datacrafter_widget.cli import main


@pytest.mark.timeout(1200)
def test_the_headless_demo_halves_more_than_the_undesired_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "report"
    assert main(["demo", "--headless", "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert report["undesired_before"] >= 0.35
    assert report["undesired_after"] <= 0.10
    assert report["generated"] >= 400
    assert (out / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert (out / "dataset/metadata.jsonl").is_file()
    assert "undesired before" in capsys.readouterr().out
    assert main(["demo", "--headless", "--out", str(out)]) == 1
    assert "empty or new folder" in capsys.readouterr().err
