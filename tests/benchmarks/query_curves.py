"""The learning curves of GenMQD and its baselines on the toybox (see `active.py`), a method and a seed at a time."""

import functools

import numpy as np
from PIL import Image
from query_oracles import Collector, Painter, habit
from scipy.stats import entropy, spearmanr

from datacrafter_widget.active.curvature import Solver
from datacrafter_widget.active.decoder import decoder_beside
from datacrafter_widget.active.describe import describe, spread_of
from datacrafter_widget.active.influence import influence_of_removal
from datacrafter_widget.active.modality import ModalityGap
from datacrafter_widget.active.network import NetworkSettings, Samples, fit_network, refitted
from datacrafter_widget.active.phrases import MOST_LABELS
from datacrafter_widget.active.sentence import parts_of, sentence
from datacrafter_widget.active.synthesis import SynthesisSettings, expected_gain, prepare, synthesise
from datacrafter_widget.generation.class_words import mentions
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.toybox import VOCABULARY
from datacrafter_widget.toybox.captions import CONCEPTS
from datacrafter_widget.toybox.world import KINDS, even_attributes, render

CLASSES = KINDS[:10]  # without the two cranes, whose word is ambiguous
ORIGINALS, VALIDATION, TEST = 10, 10, 60  # pictures a class
ROUNDS, PER_CLASS, TEXTS = 5, 10, 3  # pictures a class and round; texts that they are asked for with
TEST_SEED, FIRST_SEED = 114_001, 31_000  # no training of the toybox has seen pictures of these
METHODS = ("random", "uncertainty", "random-phrases", "genmqd", "genmqd-decoder", "genmqd-feature")
SYNTHESIS = SynthesisSettings(
    steps=60,
    refit_every=10,
    weight=PER_CLASS,  # a query stands for the pictures that it brings
    network=NetworkSettings(tolerance=1e-4),
    solver=Solver(tolerance=3e-2),
)


@functools.cache
def encoder():
    return OpenClipEncoder("toybox", device="cpu")


@functools.cache
def decoder():
    return decoder_beside(encoder())


@functools.cache
def oracle(name):
    return Painter() if name == "painter" else Collector()


def shown(choose, per_class, seed):
    """Renders of every class: features and classes."""
    rng = np.random.default_rng(seed)
    drawn = [render(choose(rng, kind), rng) for kind in CLASSES for _ in range(per_class)]
    features = encoder().encode_images([Image.fromarray(each) for each in drawn])
    return Samples(features, np.repeat(np.arange(len(CLASSES)), per_class))


def even(rng, kind):
    return even_attributes(rng, kind=kind)


@functools.cache
def test_set():
    return shown(even, TEST, TEST_SEED)


@functools.cache
def text_features():
    return encoder().encode_texts([plain(kind) for kind in CLASSES] + list(VOCABULARY))


def plain(kind):
    return f"a photo of {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def given(seed):
    """What a seed begins with: originals and validation pictures."""
    return shown(habit, ORIGINALS, [FIRST_SEED + seed, 0]), shown(even, VALIDATION, [FIRST_SEED + seed, 1])


def curve(who, method, seed):
    """A learning curve: accuracy with no more pictures, and after each round; and each round's texts and gains."""
    train, validation = given(seed)
    rng = np.random.default_rng([FIRST_SEED + seed, 2])
    network = fit_network(train.features, train.classes, len(CLASSES))
    accuracy, log = [1 - network.error(test_set())], []
    for _ in range(ROUNDS):
        if method in ("random", "uncertainty", "random-phrases"):
            asked = [made_up(kind, rng) if method == "random-phrases" else [plain(kind)] for kind in CLASSES]
            added = brought(who, asked, shares(method, network, validation), rng)
        else:
            queries = synthesised(train, validation)
            if method == "genmqd-feature":
                added = Samples(
                    np.stack([query.x_star for query in queries]),
                    np.arange(len(CLASSES)),
                    np.full(len(CLASSES), float(PER_CLASS)),
                )
                asked = []
            else:
                asked = [worded(train, query, method) for query in queries]
                added = brought(who, asked, np.full(len(CLASSES), PER_CLASS), rng)
            log.append({
                kind: {"texts": texts, "expected_gain": expected_gain(query)}
                for kind, texts, query in zip(CLASSES, asked or [[]] * len(CLASSES), queries, strict=True)
            })  # fmt: skip
        train = joined(train, added)
        network = fit_network(train.features, train.classes, len(CLASSES), weights=train.weights)
        accuracy.append(1 - network.error(test_set()))
    return {"accuracy": accuracy, "log": log}


def shares(method, network, validation):
    """(C,) how many pictures each class is asked for; all together as many as by any other method."""
    total = PER_CLASS * len(CLASSES)
    if method != "uncertainty":
        return np.full(len(CLASSES), PER_CLASS)
    unsure = entropy(network.predict(validation.features), axis=1)
    wanted = np.array([unsure[validation.classes == c].mean() for c in range(len(CLASSES))])
    exact = total * wanted / wanted.sum()
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact)[: total - counts.sum()]] += 1
    return counts


def made_up(kind, rng):
    """Texts of a class with labels that were drawn, as many and as long as GenMQD's may be."""
    return [sentence(kind, drawn_parts(rng)) for _ in range(TEXTS)]


def drawn_parts(rng):
    """Ways to say one to three labels that can be true of any class's pictures."""
    parts, wanted = [], rng.integers(1, MOST_LABELS + 1)
    for label in rng.permutation([label for label in VOCABULARY if label not in CONCEPTS]):
        ways = [part for part in parts_of(str(label)) if part.joins(parts)]
        if ways and len(parts) < wanted:
            parts.append(ways[0])
    return parts


def synthesised(train, validation):
    ready = prepare(train, validation, len(CLASSES), settings=SYNTHESIS)
    return [
        synthesise(train, validation, c, len(CLASSES), settings=SYNTHESIS, prepared=ready)
        for c in range(len(CLASSES))
    ]


def worded(train, query, method):
    """The texts that a query asks with."""
    word = CLASSES[query.class_]
    _, spread = spread_of(train.features[train.classes == query.class_])
    found = describe(
        query.x_star,
        word,
        labels=VOCABULARY,
        encode_texts=encoder().encode_texts,
        gap=ModalityGap.between(train.features, text_features()),
        usual=query.start,
        spread=spread,
        others=[each for each in CLASSES if each != word],
        method="decoder" if method == "genmqd-decoder" else "phrases",
        count=TEXTS,
        decoder=decoder(),
    )
    return [each.text for each in found]


def odd(kind, text):
    """Whether a text names what no picture of a kind shows."""
    return any(mentions(text, word) for word, kinds in CONCEPTS.items() if kind not in kinds)


def brought(who, asked, counts, rng):
    """The pictures that are brought when a class's texts are asked with, in turn, as samples."""
    kinds = [kind for kind, count in zip(CLASSES, counts, strict=True) for _ in range(count)]
    texts = [
        texts[at % len(texts)] for texts, count in zip(asked, counts, strict=True) for at in range(count)
    ]
    features = encoder().encode_images(oracle(who).bring(texts, kinds, rng))
    return Samples(features, [CLASSES.index(kind) for kind in kinds])


def joined(first, second):
    pairs = ((getattr(first, name), getattr(second, name)) for name in ("features", "classes", "weights"))
    return Samples(*(np.concatenate(pair) for pair in pairs))


def trained_on_validation(seed):
    """What the network reaches when the validation pictures are trained on too, and nothing is asked for."""
    train = joined(*given(seed))
    return {"accuracy": 1 - fit_network(train.features, train.classes, len(CLASSES)).error(test_set())}


def influence(seed):
    """Rank correlation of every training picture's influence with what training without it does."""
    train, validation = given(seed)
    network = fit_network(train.features, train.classes, len(CLASSES))
    predicted = influence_of_removal(network, train, validation)
    before, changes = network.loss(validation), []
    for left_out in range(len(train)):
        weights = np.ones(len(train))
        weights[left_out] = 0
        without = refitted(network, Samples(train.features, train.classes, weights))
        changes.append(without.loss(validation) - before)
    return {"correlation": float(spearmanr(predicted, changes).statistic)}
