"""The API reference, from the docstrings: `python .ci/reference.py FOLDER`, then open its index.html.

A warning of the generator ends it.
"""

import inspect
import sys
import warnings
from importlib import import_module
from pathlib import Path

import numpy.typing as npt
import pdoc
import pdoc.doc
import pdoc.render
from traitlets import TraitType

PACKAGE = "datacrafter_widget"
# What a user meets: the packages that export names, the objects that a session returns, and the Protocols that
# one's own models follow.
MODULES = [
    PACKAGE,
    *(
        f"{PACKAGE}.{name}"
        for name in (
            "evaluate",
            "training.results",
            "training.intervals",
            "session.proposals",
            "session.edits",
            "session.suggestions",
            "session.personalizing",
            "session.feedback",
            "session.figures",
            "session.families",
            "session.validation",
            "session.verdict",
            "session.cost_report",
            "session.events",
            "editing.gallery",
            "models.generator",
            "models.encoder",
            "models.language",
            "models.editors.editor",
            "projection",
            "projection.baselines",
            "metrics",
            "labels",
            "refine",
            "active.anchors",
            "active.rounds",
            "active.decoder_training",
            "store",
            "toybox",
        )
    ),
]
# `Session` and `Store` are each one class to their user, written in many files.
PARTS = (f"{PACKAGE}.session.", f"{PACKAGE}.store.")
listed_bases = pdoc.doc.Class.bases.func


def main() -> None:
    """Write the reference into the folder that is named on the command line."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    write(Path(sys.argv[1]))


def write(folder: Path) -> None:
    """Write the reference into a folder.

    Raises:
        Warning: the generator found something that it could not read or resolve.
    """
    # Shown by its name instead of by the dozen types that it stands for.
    npt.ArrayLike = type("ArrayLike", (), {"__module__": "numpy.typing"})
    package = import_module(PACKAGE)
    vars(package).update(
        {name: getattr(package, name) for name in package.__all__}
    )  # they come when asked for
    pdoc.doc.Class.own_members = property(members_of)
    pdoc.doc.Class.bases = property(bases_of)
    pdoc.render.configure(docformat="google", show_source=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="pdoc")
        first, *others = pages = [pdoc.doc.Module.from_name(name) for name in MODULES]
        for page in pages:
            page.name = page.modulename.removeprefix(f"{PACKAGE}.")
            page.submodules = others if page is first else []  # the first page's side bar leads to all
        pdoc.pdoc(PACKAGE, f"!{PACKAGE}.", *MODULES[1:], output_directory=folder)


def members_of(shown: pdoc.doc.Class) -> list[pdoc.doc.Doc]:
    """A class's members and those of its parts, without the traits, which its docstring tells of."""
    return [
        member
        for member in shown.members.values()
        if member.taken_from[0].startswith((shown.taken_from[0], *PARTS))
        and not isinstance(inspect.getattr_static(shown.obj, member.name, None), TraitType)
    ]


def bases_of(shown: pdoc.doc.Class) -> list[tuple[str, str, str]]:
    """The bases of a class that are more than a part of it."""
    return [base for base in listed_bases(shown) if not base[0].startswith(PARTS)]


if __name__ == "__main__":
    main()
