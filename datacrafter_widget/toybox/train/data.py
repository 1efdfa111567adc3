"""Render a training set: pictures as one array, their attributes as indices beside them.

python -m datacrafter_widget.toybox.train.data --pictures 48000 --out DIR
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from datacrafter_widget.toybox.world import (
    COLOURS,
    KINDS,
    SCENES,
    SIZES,
    STYLES,
    Attributes,
    render,
    sample_attributes,
)

__all__ = ["FIELDS", "VALUES", "attributes_of", "indices_of", "load", "render_set"]

#: Attribute → its values, in the order of the columns of an attribute array.
VALUES: dict[str, tuple[str | int, ...]] = {
    "kind": KINDS,
    "colour": tuple(COLOURS),
    "scene": SCENES,
    "style": STYLES,
    "count": (1, 2),
    "size": SIZES,
}
FIELDS: tuple[str, ...] = tuple(VALUES)
_SHARD = 1000
_CRANES = ("crane bird", "crane machine")


def indices_of(attributes: Attributes) -> list[int]:
    """Attributes as one row of indices into VALUES."""
    return [VALUES[field].index(getattr(attributes, field)) for field in FIELDS]


def attributes_of(row: np.ndarray) -> Attributes:
    """One row of indices as attributes."""
    values: dict[str, Any] = {field: VALUES[field][int(i)] for field, i in zip(FIELDS, row, strict=True)}
    return Attributes(**values)


def _kind(rng: np.random.Generator, crane_share: float) -> str:
    others = [kind for kind in KINDS if kind not in _CRANES]
    return str(rng.choice(_CRANES if rng.random() < crane_share else others))


def _shard(task: tuple[int, int, float]) -> tuple[np.ndarray, np.ndarray]:
    seed, count, crane_share = task
    rng = np.random.default_rng(seed)
    drawn = [sample_attributes(rng, kind=_kind(rng, crane_share)) for _ in range(count)]
    pictures = np.stack([render(attributes, rng) for attributes in drawn])
    return pictures, np.array([indices_of(attributes) for attributes in drawn], np.uint8)


def render_set(
    folder: Path, pictures: int, *, seed: int = 0, workers: int = 2, crane_share: float = 0.25
) -> None:
    """Write ``pictures.npy`` (N, 64, 64, 3) uint8, ``attributes.npy`` (N, 6) uint8 and ``values.json``.

    Both kinds of crane together make ``crane_share`` of the pictures, half of it each: their thin parts are
    the hardest to learn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards = [min(_SHARD, pictures - start) for start in range(0, pictures, _SHARD)]
    tasks = [(seed * 100_003 + i, count, crane_share) for i, count in enumerate(shards)]
    out = np.lib.format.open_memmap(folder / "pictures.npy.part", "w+", np.uint8, (pictures, 64, 64, 3))
    rows = np.empty((pictures, len(FIELDS)), np.uint8)
    done = 0
    with ProcessPoolExecutor(workers) as pool:
        for images, attributes in pool.map(_shard, tasks):
            out[done : done + len(images)] = images
            rows[done : done + len(images)] = attributes
            done += len(images)
            print(f"{done} of {pictures} pictures", flush=True)
    out.flush()
    np.save(folder / "attributes.npy", rows)
    (folder / "values.json").write_text(json.dumps(VALUES, indent=1))
    (folder / "pictures.npy.part").rename(folder / "pictures.npy")


def load(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, 64, 64, 3) uint8, mapped from disk, and attribute indices (N, 6) uint8."""
    return np.load(folder / "pictures.npy", mmap_mode="r"), np.load(folder / "attributes.npy")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=48_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--crane-share", type=float, default=0.25)
    arguments = parser.parse_args()
    render_set(
        arguments.out,
        arguments.pictures,
        seed=arguments.seed,
        workers=arguments.workers,
        crane_share=arguments.crane_share,
    )


if __name__ == "__main__":
    main()
