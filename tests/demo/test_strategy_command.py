"""`datacrafter benchmark strategies`, on a folder of one's own."""

import json
import shutil

from datacrafter_widget.cli import main
from datacrafter_widget.demo.strategy_benchmark import toybox_captions


def test_strategies_of_a_folder_give_a_table_figures_and_a_page(originals, tmp_path, capsys):
    for name in ("apple", "pear"):
        shutil.copytree(originals / name, tmp_path / "data" / name)
    captions = tmp_path / "captions.txt"
    captions.write_text("\n".join(toybox_captions(200)), "utf-8")
    paths = {name: tmp_path / f"report.{name}" for name in ("json", "html")}
    arguments = ["benchmark", "strategies", "--data", str(tmp_path / "data"), "--captions", str(captions)]
    arguments += ["--strategies", "ST,RA", "--budgets", "1,2", "--folder", str(tmp_path / "kept")]
    arguments += ["--json", str(paths["json"]), "--html", str(paths["html"])]
    assert main(arguments) == 0
    assert "RA Retrieval" in capsys.readouterr().out
    found = json.loads(paths["json"].read_text("utf-8"))
    assert [row["per_class"] for row in found["rows"]] == [1, 2, 1, 2]
    assert found["domain_gap"]["similarity"].keys() == {"apple", "pear"}
    page = paths["html"].read_text("utf-8")
    assert "<h1>Prompt strategies compared</h1>" in page
    assert 'src="http' not in page
    assert len(list((tmp_path / "kept").glob("R*-*/session.db"))) == 1


def test_budgets_that_are_no_numbers_are_named(capsys):
    assert main(["benchmark", "strategies", "--budgets", "few"]) == 1
    assert "such as 5,20" in capsys.readouterr().err
