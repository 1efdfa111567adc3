"""Session folders with many pictures, written straight into their tables: pictures on a map, without the hours."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from datacrafter_widget.store import Store
from datacrafter_widget.toybox.originals import CLASSES, write_originals

ORIGINALS = 4
"""Real files a class; all generated pictures share them."""

_PICTURES = """
INSERT INTO picture (sha256, class_id, origin, source, width, height, iteration, created_at)
VALUES (?, ?, 'generated', NULL, 64, 64, ?, '2026-01-01T00:00:00.000Z')
"""
_PROVENANCE = """
INSERT INTO provenance
SELECT id, NULL, '', 'a photo of a thing', '', id, (SELECT min(id) FROM picture o WHERE o.class_id = p.class_id),
    0.6, 3.0, 4, 64, 64, 'benchmark', NULL, 16, 'image2image'
FROM picture p WHERE id > ? AND origin = 'generated'
"""


def places(count, seed=0):
    """Clusters as an embedding of classes has them: positions (count, 2), float32, and classes (count,)."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 6, (len(CLASSES) * 6, 2))
    cluster = rng.integers(0, len(centres), count)
    spread = rng.uniform(0.3, 1.4, len(centres))[cluster, None]
    xy = centres[cluster] + rng.normal(0, 1, (count, 2)) * spread
    return xy.astype(np.float32), cluster % len(CLASSES)


def write_session(folder, count, seed=0):
    """A session of `count` pictures, each with a place; a folder that is there already is left as it is."""
    folder = Path(folder)
    if folder.is_dir():
        return folder
    making = Path(tempfile.mkdtemp(dir=folder.parent))
    with tempfile.TemporaryDirectory() as pictures, Store(making) as store:
        write_originals(pictures, per_class=ORIGINALS, seed=seed)
        for name in CLASSES:
            row = store.add_class(name, name)
            store.add_template(row.id, "[a photo of | a sketch of] a {class}")
            store.add_originals(
                [(_read(file), row.id, file.name) for file in sorted((Path(pictures) / name).iterdir())]
            )
        first = store.pictures()[-1].id
        xy, classes = places(count, seed)
        store.put_positions("picture", range(1, first + 1), xy[:first])
        add_pictures(store, xy[first:], classes[first:])
    shutil.move(making, folder)
    return folder


def add_pictures(store, xy, classes):
    """Give a session more generated pictures, with their places; returns the largest id before."""
    hashes = [picture.sha256 for picture in store.pictures(origin="original")]
    ids = [row.id for row in store.classes()]
    with store.transaction() as connection:
        (last,) = connection.execute("SELECT max(id) FROM picture").fetchone()
        rows = ((hashes[n % len(hashes)], ids[c], 1 + n % 5) for n, c in enumerate(classes.tolist()))
        connection.executemany(_PICTURES, rows)
        connection.execute(_PROVENANCE, (last,))
        connection.executemany(
            "INSERT INTO picture_position VALUES (?, ?, ?)",
            ((last + 1 + n, x, y) for n, (x, y) in enumerate(xy.tolist())),
        )
    return last


def _read(file):
    with Image.open(file) as image:
        return image.convert("RGB")
