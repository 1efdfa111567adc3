"""A small world of embeddings: a picture is a direction a word, drawn by the words of its prompt.

"zib" is ambiguous: without help it is a "tok" or a "lum", by seed. All words are made up, and a test may
call them anything.
"""

import numpy as np

from datacrafter_widget.refine import Proxies

WORDS = ("tok", "lum", "red", "blue", "meadow", "dusk", "outline")
DIM = 48


class World:
    def __init__(self, seed=0, names=None, word="zib"):
        rng = np.random.default_rng(seed)
        self.names = names or {name: name for name in WORDS}
        self.word = word
        axes = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0]
        self.axes = dict(zip(WORDS, axes, strict=False))
        self.gap = axes[-1]  # what all pictures share and texts don't
        self.kinds = {}
        self.requests = []
        self.noise = 0.15

    @property
    def labels(self):
        return [self.names[name] for name in WORDS]

    @property
    def label_embeddings(self):
        return self.texts(self.labels)

    def texts(self, texts):
        rows = [
            sum((self.axes[n] for n in WORDS if self.names[n] in t), 0.1 * self.axes["tok"] * 0)
            for t in texts
        ]
        rows = np.array([row if np.ndim(row) else np.zeros(DIM) for row in rows]) + 1e-3 * self.gap
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def picture(self, prompt, negative, seed):
        """(embedding, kind, class probability) of one picture."""
        rng = np.random.default_rng([seed, 7])
        first = rng.random()
        said = {name for name in WORDS if self.names[name] in prompt.split(", ")[0].split() + prompt.split()}
        not_said = {name for name in WORDS if self.names[name] in negative}
        kinds = {"tok", "lum"}
        if self.word in prompt.split():
            likely = (
                0.5
                + 0.47 * (("tok" in said) - ("lum" in said))
                + 0.35 * (("lum" in not_said) - ("tok" in not_said))
            )
            kind = "tok" if first < likely else "lum"
            sure = 0.9
        else:
            kind, sure = next(iter(said & kinds), "outline"), 0.2
        row = (
            self.gap
            + 0.5 * self.axes[kind]
            + 0.3 * sum((self.axes[name] for name in said - kinds), np.zeros(DIM))
        )
        row = row + self.noise * rng.normal(size=DIM) / np.sqrt(DIM) * 3
        return row / np.linalg.norm(row), kind, sure

    def render(self, requests):
        made = [self.picture(r.prompt, r.negative_prompt, r.seed) for r in requests]
        refs = []
        for request, (_, kind, _) in zip(requests, made, strict=True):
            refs.append(len(self.requests))
            self.requests.append(request)
            self.kinds[refs[-1]] = kind
        return Proxies(np.array([m[0] for m in made]), np.array([m[2] for m in made]), refs)

    def pictures(self, prompts, first_seed=100):
        made = [self.picture(prompt, "", first_seed + index) for index, prompt in enumerate(prompts)]
        return np.array([m[0] for m in made]), np.array([m[1] for m in made])
