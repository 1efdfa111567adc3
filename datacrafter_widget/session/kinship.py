"""Which pictures come from one another: what one of them teaches must not be measured on another."""

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.store import PictureColumns, Store


def kin(store: Store, columns: PictureColumns) -> NDArray[np.int64]:
    """(N,) the family of each picture: with its parent, and with what it is a copy of.

    Copies of each other that are flagged train nothing, and would only join what their parents keep apart.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids = columns.ids
    parents = store.parent_ids(columns)
    pairs = np.array(store.copies(), np.int64).reshape(-1, 2)
    pairs = pairs[np.isin(pairs, ids).all(axis=1)]
    copy, of = np.searchsorted(ids, pairs).T
    pairs = pairs[~columns.generated[of] | ~columns.flagged[copy]]
    one = np.concatenate([ids[parents > 0], pairs[:, 0]])
    other = np.concatenate([parents[parents > 0], pairs[:, 1]])
    edges = np.searchsorted(ids, one), np.searchsorted(ids, other)
    graph = coo_array((np.ones(len(one), bool), edges), (len(ids), len(ids)))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
