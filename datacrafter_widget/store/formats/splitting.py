"""Training, validation and test sets that share no content."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.store.records import Picture
from datacrafter_widget.store.store import Store

Split = float | Sequence[float] | Mapping[str, float]
"""The share of "val"; shares of "train", "val" and perhaps "test"; or shares by these names."""

SPLIT_NAMES = ("train", "val", "test")


def split_pictures(store: Store, pictures: Sequence[Picture], split: Split, seed: int) -> dict[int, str]:
    """Choose a split for each picture: of each class as close to the shares as whole families allow.

    A family is an original, all that descends from it (through hidden pictures too), pictures of the same
    content, and those that a check found to be a copy of one of them: it is never divided, so that nothing
    leaks. Originals' families and freely generated pictures are shared out separately.

    Args:
        store: The session.
        pictures: What is exported.
        split: Shares of the splits; they add up to 1. A single number is the share of "val".
        seed: Same seed and pictures, same split.

    Returns:
        The name of its split for each picture's id.

    Raises:
        InputError: The shares are none, or a split would get no picture.
    """
    shares = check_split(split)
    families = picture_families(store)
    members: dict[int, list[Picture]] = {}
    for picture in pictures:
        members.setdefault(families[picture.id], []).append(picture)
    groups: dict[tuple[int, str], list[list[Picture]]] = {}
    for family in members.values():
        groups.setdefault((family[0].class_id, family[0].origin), []).append(family)
    chosen: dict[int, str] = {}
    for key, group in sorted(groups.items()):
        class_id, origin = key
        rng = np.random.default_rng([seed, class_id, origin == "generated"])
        order = [group[index] for index in rng.permutation(len(group))]
        chosen |= _share_out(sorted(order, key=len, reverse=True), shares)
    if missing := [name for name in shares if name not in chosen.values()]:
        raise InputError(
            f"expected a picture for every split, but {' and '.join(missing)} would get none of"
            f" {len(pictures)}: an original stays with what was made from it. Add originals, or give a"
            " larger share."
        )
    return chosen


def check_split(split: Split) -> dict[str, float]:
    """Shares by name, without those of 0.

    Raises:
        InputError: They have another form, or don't add up to 1.
    """
    if isinstance(split, int | float):
        shares = {"train": 1 - float(split), "val": float(split)}
    elif isinstance(split, Mapping):
        shares = dict(split)
    elif isinstance(split, Sequence) and not isinstance(split, str) and len(split) <= len(SPLIT_NAMES):
        shares = dict(zip(SPLIT_NAMES, split, strict=False))
    else:
        shares = {}
    numbers = all(isinstance(share, int | float) and share >= 0 for share in shares.values())
    if (
        not shares
        or not numbers
        or set(shares) - set(SPLIT_NAMES)
        or not math.isclose(sum(shares.values()), 1, abs_tol=1e-6)
    ):
        raise InputError(
            f"expected shares of train, val and test that add up to 1, found {split!r}. Give the share of val"
            " (0.2), all of them (0.8, 0.1, 0.1), or {'train': 0.8, 'test': 0.2}."
        )
    return {name: float(shares[name]) for name in SPLIT_NAMES if shares.get(name)}


def _share_out(families: list[list[Picture]], shares: Mapping[str, float]) -> dict[int, str]:
    """Each family goes to the split that lacks most; the largest families first."""
    total = sum(map(len, families))
    lacking = {name: share * total for name, share in shares.items()}
    chosen: dict[int, str] = {}
    for family in families:
        name = max(lacking, key=lacking.__getitem__)
        lacking[name] -= len(family)
        chosen |= {picture.id: name for picture in family}
    return chosen


def picture_families(store: Store) -> dict[int, int]:
    """For every picture of a session the least id of its family."""
    everything = store.pictures(include_hidden=True)
    root = {picture.id: picture.id for picture in everything}

    def find(picture: int) -> int:
        while root[picture] != picture:
            root[picture] = picture = root[root[picture]]
        return picture

    first: dict[str, int] = {}
    relations = [(picture.id, first.setdefault(picture.sha256, picture.id)) for picture in everything]
    relations += [
        (p.id, p.provenance.parent_id) for p in everything if p.provenance and p.provenance.parent_id
    ]
    relations += store.copies()
    for one, other in relations:
        low, high = sorted((find(one), find(other)))
        root[high] = low
    return {picture: find(picture) for picture in root}
