"""The demo's data set: picture files in class folders, written by the toybox's renderer."""

from pathlib import Path

from datacrafter_widget.session import Session
from datacrafter_widget.toybox import write_originals

PER_CLASS = 16
SEED = 1


def prepare(folder: Path) -> None:
    """Write the originals and make the session, or do nothing where both are there."""
    with open_demo(folder) as session:
        counts = ", ".join(f"{row['name']} {row['originals']}" for row in session.info()["classes"])
    print(f"  Demo session in {folder}: {counts}")


def open_demo(folder: Path) -> Session:
    """The demo session in `folder`, made if it isn't there."""
    originals = folder / "originals"
    if not originals.exists():
        write_originals(originals, per_class=PER_CLASS, seed=SEED)
    return Session.open(folder / "session", images=originals)
