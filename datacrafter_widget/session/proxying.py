"""Proxy pictures of a session: generated with its models, encoded, and never twice."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.models.energy import Spent, meter_of
from datacrafter_widget.models.generator import PictureRequest
from datacrafter_widget.refine import Proxies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL import Image

    from datacrafter_widget.jobs import Job
    from datacrafter_widget.refine import ProxyRequest
    from datacrafter_widget.session.loaded import LoadedModels
    from datacrafter_widget.session.observing import Observer
    from datacrafter_widget.store import Store

LARGEST_SIDE = 256
"""Pixels of a kept proxy: it is looked at, and never trained on."""


@dataclass(frozen=True)
class Proxy:
    """A proxy picture: what it was made from, and the picture if it was made in this process."""

    request: ProxyRequest
    image: Image.Image | None


class ProxyMaker:
    """Generates and encodes the proxies of one class.

    Embeddings are kept in the store by what the picture was made from: a search that a crash or a restart
    cut off is repeated at no cost up to where it was.

    Args:
        store: keeps the embeddings.
        models: generate and encode.
        observer: knows the class probabilities.
        column: the class's place among the session's classes.
        job: its cancelling stops a batch within one denoising step.

    Attributes:
        made: how many pictures were generated.
        spent: what generating and encoding them took.
    """

    def __init__(
        self, store: Store, models: LoadedModels, observer: Observer, *, column: int, job: Job[Any]
    ) -> None:
        self._store = store
        self._models = models
        self._observer = observer
        self._column = column
        self._job = job
        self.made = 0
        self.spent = Spent(0.0, 0.0)

    def render(self, requests: list[ProxyRequest]) -> Proxies:
        """The pictures asked for, as a search sees them; `refs` are of `Proxy`."""
        identity = self._models.encoder.identity
        keys = [self._key(request) for request in requests]
        known = self._store.content_embeddings(identity, keys)
        missing = [at for at, key in enumerate(keys) if key not in known]
        images: dict[int, Image.Image] = {}
        size = self._models.generator.defaults.batch_size
        for first in range(0, len(missing), size):
            part = missing[first : first + size]
            with self._counted(len(part)):
                made = self._generate([requests[at] for at in part])
                rows = self._models.encoder.encode_images(made)
            self._store.put_embeddings(
                identity, [(keys[at], row) for at, row in zip(part, rows, strict=True)]
            )
            images.update((at, _small(image)) for at, image in zip(part, made, strict=True))
        # Read back even when they are new: what is kept is rounded, and a repeated search sees the same.
        known = self._store.content_embeddings(identity, keys)
        features = np.stack([known[key] for key in keys])
        refs = [Proxy(request, images.get(at)) for at, request in enumerate(requests)]
        return Proxies(features, self.confidence(features), refs)

    def pictures(self, proxies: Sequence[Proxy]) -> list[Image.Image]:
        """The pictures of proxies; those of an earlier process are made again."""
        lost = [proxy.request for proxy in proxies if proxy.image is None]
        size = self._models.generator.defaults.batch_size
        with self._counted(len(lost)):
            again = iter(
                [
                    _small(image)
                    for first in range(0, len(lost), size)
                    for image in self._generate(lost[first : first + size])
                ]
            )
        return [next(again) if proxy.image is None else proxy.image for proxy in proxies]

    def confidence(self, features: Any) -> Any:
        """Zero-shot probabilities (N,) of the class for features (N, D)."""
        return self._observer.class_probabilities(features)[:, self._column]

    @contextmanager
    def _counted(self, pictures: int) -> Iterator[None]:
        meter = meter_of(self._models.generator).start()
        try:
            yield
            self.made += pictures
        finally:
            self.spent += meter.stop()

    def _generate(self, requests: Sequence[ProxyRequest]) -> list[Image.Image]:
        generator = self._models.generator
        defaults = generator.defaults
        return generator.generate(
            [
                PictureRequest.by_default(defaults, request.prompt, request.seed, request.negative_prompt)
                for request in requests
            ],
            on_step=lambda _step, _steps: self._job.raise_if_cancelled(),
        )

    def _key(self, request: ProxyRequest) -> str:
        generator = self._models.generator
        defaults = generator.defaults
        recipe = [
            generator.name,
            generator.revision,
            request.prompt,
            request.negative_prompt,
            request.seed,
            defaults.width,
            defaults.height,
            defaults.num_inference_steps,
            defaults.guidance_scale,
        ]
        return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()


def _small(image: Image.Image) -> Image.Image:
    copy = image.copy()
    copy.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return copy
