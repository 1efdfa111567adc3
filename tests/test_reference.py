"""The API reference is made from the docstrings, and every public name has one."""

import importlib.util
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci/reference.py"


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def public_names(module):
    own = [
        name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__
    ]
    return [name for name in getattr(module, "__all__", own) if not name.startswith("_")]


def undocumented(thing, name, package):
    """The name, if it has no docstring, and those of its public methods and properties that have none."""
    without = [] if inspect.getdoc(thing) or not callable(thing) else [name]
    for part in inspect.getmro(thing) if inspect.isclass(thing) else ():
        if part.__module__.startswith(package):
            without += [
                f"{name}.{member}"
                for member, value in vars(part).items()
                if not member.startswith("_")
                and (inspect.isroutine(value) or isinstance(value, property))
                and not inspect.getdoc(value if isinstance(value, property) else getattr(thing, member))
            ]
    return without


def test_every_public_name_is_documented(reference):
    found = []
    for module in map(import_module, reference.MODULES):
        assert module.__doc__
        for name in public_names(module):
            thing = getattr(module, name)
            if getattr(thing, "__module__", "").startswith(reference.PACKAGE):
                found += undocumented(thing, f"{module.__name__}.{name}", reference.PACKAGE)
    assert found == []


def test_the_reference_is_written_without_a_warning(tmp_path):
    """A warning ends the script; a verb that a part of `Session` brings is on the page of `Session`."""
    subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], check=True)
    first = (tmp_path / "datacrafter_widget.html").read_text("utf-8")
    for name in ("Session.open", "Session.generate", "Session.personalize", "Session.label", "DataCrafter"):
        assert f'id="{name}"' in first
