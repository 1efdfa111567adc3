"""The decoder in the package says what rendered pictures show; it has seen none."""

import re

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget import toybox
from datacrafter_widget.active.decoder import decoder_beside
from datacrafter_widget.toybox.captions import SCENE_PHRASES, STYLE_PHRASES, plural
from datacrafter_widget.toybox.world import COLOURS, even_attributes, render


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(910_500)
    return [even_attributes(rng) for _ in range(60)]


@pytest.fixture(scope="module")
def features(clip, drawn):
    rng = np.random.default_rng(910_501)
    return clip.encode_images([Image.fromarray(render(each, rng)) for each in drawn])


def said_of(text):
    """What a text says of scene, style, colour and number; None where it is silent."""
    return {
        "scene": next((scene for scene, ends in SCENE_PHRASES.items() if text.endswith(ends)), None),
        "style": next(
            (style for style, starts in STYLE_PHRASES.items() if style and text.startswith(starts)), None
        ),
        "colour": next((colour for colour in COLOURS if re.search(rf"\b{colour}\b", text)), None),
        "count": 2 if " two " in text else 1,
    }


def names(text, kind):
    nouns = (kind, plural(kind), *(("crane", "cranes", "construction crane") if "crane" in kind else ()))
    return re.search(rf"\b({'|'.join(nouns)})\b", text) is not None


def test_it_is_small(clip):
    assert clip.folder.with_name("decoder.safetensors") == toybox.DECODER
    assert toybox.DECODER.stat().st_size <= 4 * 2**20


def test_its_words_are_right(clip, drawn, features):
    texts = decoder_beside(clip).decode(features, image_mean=features.mean(axis=0))
    assert np.mean([names(text, each.kind) for text, each in zip(texts, drawn, strict=True)]) > 0.93
    said = [said_of(text) for text in texts]
    for name, least in (("scene", 0.85), ("style", 0.9), ("colour", 0.75), ("count", 0.9)):
        assert (
            np.mean([each[name] == getattr(one, name) for each, one in zip(said, drawn, strict=True)]) > least
        )


def test_with_the_modality_gap_left_in_it_says_less(clip, drawn, features):
    texts = decoder_beside(clip).decode(features)
    scenes = [said_of(text)["scene"] == each.scene for text, each in zip(texts, drawn, strict=True)]
    assert np.mean(scenes) < 0.8
