"""Importing the package is quick because it leaves the heavy libraries alone."""

import subprocess
import sys

import datacrafter_widget


def test_import_touches_no_heavy_library():
    code = (
        "import sys, datacrafter_widget\n"
        "heavy = ('torch', 'diffusers', 'transformers', 'open_clip', 'umap', 'plotly', 'sklearn')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in datacrafter_widget.__all__:
        assert getattr(datacrafter_widget, name) is not None
