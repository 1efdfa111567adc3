"""Does the influence function rank training pictures as leaving out each and training again does?

python tests/benchmarks/influence.py [--seeds 3] [--json FILE]
"""

import argparse
import json
from pathlib import Path

import numpy as np
from recognition_tasks import TASKS
from scipy.stats import pearsonr, spearmanr

from datacrafter_widget.active.influence import influence_of_removal
from datacrafter_widget.active.network import NetworkSettings, Samples, fit_network
from datacrafter_widget.models.encoder import Encoder, OpenClipEncoder

PER_CLASS = 8
_SETTINGS = NetworkSettings(tolerance=1e-6)


def influence_check(seed: int, *, encoder: Encoder | None = None) -> dict[str, float]:
    """Compare predicted with true changes of the validation loss, on a hundred pictures of the toybox.

    Args:
        seed: of the pictures.
        encoder: the toybox's by default.

    Returns:
        Rank correlation and linear correlation over the training pictures, and their number.
    """
    encoder = encoder or OpenClipEncoder("toybox")
    train, validation = (
        Samples(encoder.encode_images(pictures), classes)
        for pictures, classes in (TASKS["kinds"].pictures(PER_CLASS, 2 * seed + half) for half in range(2))
    )
    count = len(TASKS["kinds"].classes)
    network = fit_network(train.features, train.classes, count, settings=_SETTINGS)
    predicted = influence_of_removal(network, train, validation)
    base = network.loss(validation)
    changes = []
    for row in range(len(train)):
        weights = np.ones(len(train))
        weights[row] = 0
        without = fit_network(train.features, train.classes, count, start=network, weights=weights)
        changes.append(without.loss(validation) - base)
    return {
        "rank_correlation": float(spearmanr(predicted, changes).statistic),
        "correlation": float(pearsonr(predicted, changes).statistic),
        "pictures": len(train),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    encoder = OpenClipEncoder("toybox")
    rows = [influence_check(seed, encoder=encoder) for seed in range(arguments.seeds)]
    for seed, row in enumerate(rows):
        print(
            f"seed {seed}: rank correlation {row['rank_correlation']:.3f}, correlation {row['correlation']:.3f} over "
            f"{row['pictures']} pictures"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps({"n_seeds": len(rows), "rows": rows}))


if __name__ == "__main__":
    main()
