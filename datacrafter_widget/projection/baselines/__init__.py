"""Other projections under M2M's interface, to compare it with (DataCrafter, Table 1).

`PCA`, `MDS`, `TSNE` and `UMAP` are their libraries' methods on pictures and labels stacked, both treated
equally. `CDR`, `DataContextMap` and `MFM` are compact implementations from the published descriptions; their
docstrings say what is the papers' and what is ours.
"""

from datacrafter_widget.projection.baselines.cdr import CDR
from datacrafter_widget.projection.baselines.dcm import DataContextMap
from datacrafter_widget.projection.baselines.mfm import MFM
from datacrafter_widget.projection.baselines.stacked import MDS, PCA, TSNE, UMAP

__all__ = ["CDR", "MDS", "MFM", "PCA", "TSNE", "UMAP", "DataContextMap"]
