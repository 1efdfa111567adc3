"""Words with two meanings for tests: the toybox's own under another name, and an invented one."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

AMBIGUOUS = "crane"


def teach_alias(model: Path, to: Path, alias: str) -> Path:
    """A copy of a model folder that knows the ambiguous word by a name of two letters, and no longer by its own."""
    shutil.copytree(model, to)
    for path in to.rglob("tokenizer.json"):
        tokenizer = json.loads(path.read_text("utf-8"))
        bpe = tokenizer["model"]
        bpe["vocab"][f"{alias}</w>"] = bpe["vocab"].pop(f"{AMBIGUOUS}</w>")
        pairs = [pair if isinstance(pair, list) else pair.split() for pair in bpe["merges"]]
        kept = [pair for pair in pairs if "".join(pair) != f"{AMBIGUOUS}</w>"]
        bpe["merges"] = [[alias[0], f"{alias[1]}</w>"], *kept]
        path.write_text(json.dumps(tokenizer), "utf-8")
    return to


class SecondMeaning:
    """An invented word that stands for either of two words that the models know.

    A prompt with the word alone draws either, by the picture's seed; with one of the two beside it, or the
    other one in the negative prompt, it draws that one. To the encoder the word is half of each.
    """

    def __init__(self, word: str, first: str, second: str) -> None:
        self._word = word
        self._meanings = (first, second)

    def generator(self, model):
        return _Around(
            model,
            generate=lambda requests, **hooks: model.generate(self._read(requests), **hooks),
            denoise=lambda requests, **hooks: model.denoise(self._read(requests), **hooks),
        )

    def encoder(self, model):
        def encode_texts(texts):
            halves = [
                model.encode_texts([text.replace(self._word, meaning) for text in texts])
                for meaning in self._meanings
            ]
            rows = np.mean(halves, axis=0)
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

        return _Around(model, encode_texts=encode_texts)

    def _read(self, requests):
        return [replace(request, prompt=self._meant(request)) for request in requests]

    def _meant(self, request):
        first, second = self._meanings
        words = request.prompt.replace(",", " ").split()
        if (first in words) != (second in words):
            meaning = first if first in words else second
        elif (first in request.negative_prompt) != (second in request.negative_prompt):
            meaning = second if first in request.negative_prompt else first
        else:
            meaning = self._meanings[int(np.random.default_rng(request.seed).integers(2))]
        return request.prompt.replace(self._word, meaning)


class _Around:
    """A model with some of its methods replaced."""

    def __init__(self, model, **methods) -> None:
        self.__dict__.update(methods, _model=model)

    def __getattr__(self, name):
        return getattr(self._model, name)
