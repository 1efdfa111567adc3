"""Binder's environment is the package's: the same requirements under conda-forge's names, and files it accepts."""

import os
import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"
CONDA_NAMES = {"torch": "pytorch-cpu", "open_clip_torch": "open-clip-torch"}


def binder_requirements() -> dict[str, str]:
    """Name → bounds, of conda's packages and pip's."""
    listed = yaml.safe_load((BINDER / "environment.yml").read_text("utf-8"))["dependencies"]
    lines = [line for line in listed if isinstance(line, str)]
    lines += [line for entry in listed if isinstance(entry, dict) for line in entry["pip"]]
    parts = [re.fullmatch(r"([a-z0-9][a-z0-9-]*)((?:[<>=!]=?[\d.]+,?)*)", line) for line in lines]
    assert all(parts), [line for line, part in zip(lines, parts, strict=True) if part is None]
    return {part[1]: part[2] for part in parts}


def test_binder_installs_what_the_package_requires():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = map(Requirement, project["dependencies"] + project["optional-dependencies"]["lab"])
    expected = {CONDA_NAMES.get(item.name, item.name): item.specifier for item in required}
    listed = binder_requirements()
    for tool in ("python", "pip", "nodejs"):
        listed.pop(tool)
    assert {name: set(bounds.split(",")) for name, bounds in listed.items()} == {
        name: {str(bound) for bound in specifier} for name, specifier in expected.items()
    }


def test_binder_uses_conda_forge_alone_and_a_python_that_the_package_takes():
    environment = yaml.safe_load((BINDER / "environment.yml").read_text("utf-8"))
    assert environment["channels"] == ["conda-forge"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    python = binder_requirements()["python"].lstrip("=")
    assert Requirement(f"python{project['requires-python']}").specifier.contains(python)


def test_binders_scripts_can_be_run():
    for script in (file for file in BINDER.iterdir() if not file.suffix):
        assert os.access(script, os.X_OK)
        assert script.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
