"""A decoder learns from captions alone to say what an embedding means."""

import itertools

import numpy as np
import pytest

from datacrafter_widget.active.decoder import Decoder
from datacrafter_widget.active.decoder_training import DecoderSettings, train_decoder
from datacrafter_widget.active.modality import unit_rows
from datacrafter_widget.errors import InputError, JobCancelled, StoreError

CAPTIONS = [
    f"a {colour} {thing} {place}"
    for colour, thing, place in itertools.product(
        ("red", "blue", "green", "white"),
        ("cat", "dog", "horse", "duck"),
        ("on snow", "at night", "in a field"),
    )
]
SETTINGS = DecoderSettings(
    width=32, layers=1, heads=2, context=12, vocabulary=200, steps=160, batch_size=32, learning_rate=1e-2
)


class Words:
    """Embeds a text as the sum of its words' vectors: the modality of texts, without a model."""

    def __init__(self):
        self._rng = np.random.default_rng(0)
        self._vectors = {}

    def __call__(self, texts):
        def vector(word):
            if word not in self._vectors:
                self._vectors[word] = self._rng.standard_normal(32)
            return self._vectors[word]

        return unit_rows(
            np.array([sum(vector(word) for word in text.lower().split()) for text in texts]), "texts"
        )


@pytest.fixture(scope="module")
def encode():
    words = Words()
    words(CAPTIONS)
    return words


@pytest.fixture(scope="module")
def decoder(encode):
    return train_decoder(CAPTIONS, encode, settings=SETTINGS, seed=1, encoder="words")


def weights(decoder, folder):
    decoder.save(folder / "written.safetensors")
    return (folder / "written.safetensors").read_bytes()


def test_it_says_the_captions_again(decoder, encode):
    assert (
        np.mean([said == text for said, text in zip(decoder.decode(encode(CAPTIONS)), CAPTIONS, strict=True)])
        > 0.9
    )


def test_a_picture_in_another_cone_is_understood(decoder, encode):
    rng = np.random.default_rng(2)
    texts = encode(CAPTIONS)
    pictures = unit_rows(
        texts + rng.standard_normal(32) / 4 + 0.02 * rng.standard_normal(texts.shape), "pictures"
    )
    said = decoder.decode(pictures, image_mean=pictures.mean(axis=0))
    assert np.mean([text == caption for text, caption in zip(said, CAPTIONS, strict=True)]) > 0.8


def test_several_texts_differ_and_the_likeliest_comes_first(decoder, encode):
    feature = encode(CAPTIONS[:1])
    (several,) = decoder.candidates(feature, 4)
    assert several[0] == decoder.decode(feature)[0]
    assert len(set(several)) == len(several) > 1


def test_a_file_gives_the_same_decoder_back(decoder, encode, tmp_path):
    file = tmp_path / "decoder.safetensors"
    decoder.save(file)
    again = Decoder.load(file, encoder="words")
    assert (again.encoder, again.temperature, again.dim) == ("words", decoder.temperature, 32)
    assert again.decode(encode(CAPTIONS[:8])) == decoder.decode(encode(CAPTIONS[:8]))
    with pytest.raises(InputError, match="decoder of the encoder 'other', found one of 'words'"):
        Decoder.load(file, encoder="other")
    with pytest.raises(StoreError, match="readable file"):
        Decoder.load(tmp_path / "missing.safetensors")


def test_a_file_of_something_else_is_refused(tmp_path):
    from safetensors.numpy import save_file

    file = tmp_path / "other.safetensors"
    save_file({"weight": np.zeros(3, np.float32)}, file)
    with pytest.raises(StoreError, match="expected a decoder of format 1, found None"):
        Decoder.load(file)


def test_a_cancelled_training_goes_on_to_the_same_end(encode, tmp_path):
    settings = DecoderSettings(**(vars(SETTINGS) | {"steps": 30, "checkpoint_every": 8}))
    checkpoint = tmp_path / "state.safetensors"

    def stop(done, _total, message):
        if message == "learning to describe" and done == 20:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        train_decoder(CAPTIONS, encode, settings=settings, progress=stop, checkpoint=checkpoint)
    begun = []
    resumed = train_decoder(
        CAPTIONS, encode, settings=settings, progress=lambda *told: begun.append(told), checkpoint=checkpoint
    )
    assert next(done for done, _, message in begun if message == "learning to describe") == 20
    whole = train_decoder(CAPTIONS, encode, settings=settings)
    assert weights(resumed, tmp_path) == weights(whole, tmp_path)
    with pytest.raises(InputError, match="other captions or settings"):
        train_decoder(CAPTIONS[1:], encode, settings=settings, checkpoint=checkpoint)


def test_bad_input_is_named(decoder, encode):
    with pytest.raises(InputError, match="20 different ones or more, found 2"):
        train_decoder(["a cat", "a cat ", "a dog"] * 20, encode)
    with pytest.raises(InputError, match="width: expected a multiple of heads"):
        train_decoder(CAPTIONS, encode, settings=DecoderSettings(width=30, heads=4))
    with pytest.raises(InputError, match="steps: expected a whole number"):
        DecoderSettings(steps=0)
    with pytest.raises(InputError, match=r"features: expected an array of \(N, 32\)"):
        decoder.decode(np.ones((1, 8)))
    with pytest.raises(InputError, match="count"):
        decoder.candidates(np.ones((1, 32)), 0)
