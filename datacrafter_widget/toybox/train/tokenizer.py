"""Learn the word pieces of the toybox's language and write them as a Hugging Face CLIP tokenizer.

    python -m datacrafter_widget.toybox.train.tokenizer --out DIR

Byte-pair encoding (Sennrich et al. 2016) until every word of the captions and labels is one token;
other words fall back to pieces and bytes, so that any prompt can be encoded.
"""

import argparse
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
from transformers import CLIPTokenizer

from datacrafter_widget.toybox.captions import caption, plural
from datacrafter_widget.toybox.vocabulary import VOCABULARY
from datacrafter_widget.toybox.world import sample_attributes

__all__ = ["CONTEXT_LENGTH", "learn"]

CONTEXT_LENGTH = 24
_START, _END = "<|startoftext|>", "<|endoftext|>"


def _byte_alphabet() -> list[str]:
    """One printable character for each byte, in the order of OpenAI's CLIP."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(hidden))]


def _word_counts(captions: int, seed: int) -> Counter[str]:
    rng = np.random.default_rng(seed)
    words: Counter[str] = Counter()
    for _ in range(captions):
        words.update(caption(sample_attributes(rng), rng).text.split())
    for label in VOCABULARY:
        words.update(label.split() * 20 + plural(label).split() * 5)
    words.update(["something", "thing", "and"] * 20)
    return words


def _merge(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    for piece in pieces:
        if out and (out[-1], piece) == pair:
            out[-1] += piece
        else:
            out.append(piece)
    return out


def learn(folder: Path, *, captions: int = 20_000, seed: int = 0) -> CLIPTokenizer:
    """Learn from generated captions and save the tokenizer into ``folder``."""
    counts = _word_counts(captions, seed)
    words = {word: [*word[:-1], word[-1] + "</w>"] for word in counts}
    merges: list[tuple[str, str]] = []
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, pieces in words.items():
            for pair in pairwise(pieces):
                pairs[pair] += counts[word]
        if not pairs:
            break
        merges.append(max(pairs, key=lambda pair: (pairs[pair], pair)))
        words = {word: _merge(pieces, merges[-1]) for word, pieces in words.items()}
    alphabet = _byte_alphabet()
    tokens = [*alphabet, *(c + "</w>" for c in alphabet), *("".join(pair) for pair in merges), _START, _END]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer = CLIPTokenizer(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        model_max_length=CONTEXT_LENGTH,
        bos_token=_START,
        eos_token=_END,
        pad_token=_END,
        unk_token=_END,
    )
    tokenizer.save_pretrained(folder)
    for name in ("vocab.json", "merges.txt"):
        (folder / name).unlink(missing_ok=True)
    return CLIPTokenizer.from_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    tokenizer = learn(parser.parse_args().out)
    for text in ("a photo of a red strawberry on grass", "two crane birds", "beak", "a quirky kiwi!"):
        print(text, tokenizer.tokenize(text))


if __name__ == "__main__":
    main()
