"""Joint sets of pictures and labels with known structure, for tests and benchmarks of projections."""

import numpy as np

from datacrafter_widget.demo.joint import toybox_joint

DIM = 64


def planted(n=1000, n_labels=40, seed=0):
    """A tree of groups with attributes that cut across it; many labels a picture.

    Every picture lies in a leaf of a branch, on a curved three-dimensional sheet around the leaf's centre, and
    shows some attributes. Branches, leaves and attributes are the labels, the mean of what they name plus
    noise. Leaves' sizes and attributes' rates follow Zipf's law; a fifth of the pictures has no label; pictures
    and labels sit on two sides of a gap, as CLIP's do.

    Returns:
        (n, 64) and (n_labels, 64) float32 features, (E, 2) edges, and each picture's leaf (n,).
    """
    rng = np.random.default_rng([seed, n, n_labels])
    n_attributes = n_labels // 5
    n_branches = max(2, round((0.6 * n_labels) ** 0.5))
    n_leaves = n_labels - n_attributes - n_branches
    branch = rng.normal(size=(n_branches, DIM))
    parent = np.arange(n_leaves) % n_branches
    leaf = branch[parent] + 0.8 * rng.normal(size=(n_leaves, DIM))
    attribute = 0.6 * rng.normal(size=(n_attributes, DIM))

    share = 1 / np.arange(1, n_leaves + 1)
    group = rng.choice(n_leaves, size=n, p=share / share.sum())
    shows = rng.random((n, n_attributes)) < 0.5 / np.arange(1, n_attributes + 1)
    within = rng.normal(size=(n, 3))
    curved = np.concatenate([within, within**2 - 1, np.sin(2 * within)], axis=1)
    sheets = rng.normal(size=(n_leaves, 9, DIM)) * np.repeat([0.25, 0.08, 0.08], 3)[:, None]
    pictures = leaf[group] + np.einsum("ns,nsd->nd", curved, sheets[group]) + shows @ attribute
    pictures += 0.1 * rng.normal(size=pictures.shape)

    concepts = np.concatenate([branch, leaf, branch.mean(axis=0) + attribute])
    labels = concepts + 0.25 * rng.normal(size=concepts.shape)
    gap = rng.normal(size=DIM) * 0.8

    named = rng.random(n) >= 0.2
    edges = []
    for picture in np.flatnonzero(named):
        # a caption names the leaf mostly, the branch sometimes
        edges.append((picture, n_branches + group[picture]))
        if rng.random() < 0.4:
            edges.append((picture, parent[group[picture]]))
        edges += [(picture, n_branches + n_leaves + a) for a in np.flatnonzero(shows[picture])]
    return (
        (pictures + gap).astype(np.float32),
        (labels - gap).astype(np.float32),
        np.array(edges, np.int64).reshape(-1, 2),
        group,
    )


def toybox_set(n=1000, seed=0):
    """Toybox pictures and the words that fit them, by the toybox's CLIP; groups are the kinds of things."""
    joint = toybox_joint(n, seed=seed)
    return joint.image_features, joint.label_features, joint.edges, joint.image_class
