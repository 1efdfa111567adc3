"""Prompts are encoded once, and alike whatever was there before."""

import numpy as np
import pytest
import tiny_pipelines
import torch

from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.prompts import PromptCache


@pytest.fixture(scope="module", params=["stable_diffusion_xl", "flux", "pixart"])
def folder(request, tmp_path_factory):
    return tiny_pipelines.save(request.param, tmp_path_factory.mktemp("models") / request.param)


def arrays(pictures):
    return np.stack([np.asarray(picture) for picture in pictures])


def test_a_picture_does_not_depend_on_what_was_encoded_before(folder, ask):
    fresh, used = DiffusersGenerator(folder, device="cpu"), DiffusersGenerator(folder, device="cpu")
    used.generate(ask(1, prompt="a green house"))
    used.generate(ask(2))
    requests = ask(2) + ask(1, prompt="a green house") + ask(1, first_seed=5, prompt="a bird in snow")
    assert np.array_equal(arrays(fresh.generate(requests)), arrays(used.generate(requests)))
    assert used._prompts.hits > fresh._prompts.hits


def test_the_negative_prompt_counts(folder, ask):
    generator = DiffusersGenerator(folder, device="cpu")
    plain = arrays(generator.generate(ask(2, negative_prompt="snow")))
    misses = generator._prompts.misses
    generator.generate(ask(2, negative_prompt="bird"))
    assert np.array_equal(arrays(generator.generate(ask(2, negative_prompt="snow"))), plain)
    assert generator._prompts.misses <= misses + 1


class Encoding:
    """A pipeline of which only `encode_prompt` matters; each text becomes as many vectors as it has words."""

    def __init__(self, padded):
        self.components = {}
        self.calls = []
        self._padded = padded

    def encode_prompt(self, prompt, device=None, **_kwargs):
        del device
        self.calls.append(list(prompt))
        longest = max(5 if self._padded else len(text.split()) for text in prompt)
        rows = [
            torch.tensor([len(word) for word in text.split()] + [0] * (longest - len(text.split())))
            for text in prompt
        ]
        return torch.stack(rows), None


def test_each_text_is_encoded_once_and_the_oldest_go():
    pipeline, cache = Encoding(padded=True), PromptCache("cpu", limit_bytes=2 * 5 * 8)
    cache.attach(pipeline)
    rows, nothing = pipeline.encode_prompt(["a cat", "a tiger", "a cat"], device="cpu")
    assert rows.tolist() == [[1, 3, 0, 0, 0], [1, 5, 0, 0, 0], [1, 3, 0, 0, 0]]
    assert nothing is None
    assert pipeline.calls == [["a cat"], ["a tiger"]]
    pipeline.encode_prompt(["a bird"])
    pipeline.encode_prompt(["a cat"])
    assert pipeline.calls[2:] == [["a bird"], ["a cat"]]  # there was room for two
    cache.clear()
    pipeline.encode_prompt(["a cat"])
    assert pipeline.calls[4:] == [["a cat"]]


def test_texts_of_different_length_are_encoded_together():
    pipeline, cache = Encoding(padded=False), PromptCache("cpu")
    cache.attach(pipeline)
    rows, _ = pipeline.encode_prompt(["a cat", "a large tiger"])
    assert rows.tolist() == [[1, 3, 0], [1, 5, 5]]
    assert pipeline.calls[-1] == ["a cat", "a large tiger"]


def test_batches_of_a_fixed_shape_on_cuda():
    pipeline, cache = Encoding(padded=True), PromptCache("cuda:0")
    cache.attach(pipeline)
    rows, _ = pipeline.encode_prompt([f"a {'x' * number}" for number in range(1, 11)])
    assert [row[1] for row in rows.tolist()] == list(range(1, 11))
    assert [len(call) for call in pipeline.calls] == [8, 8]
