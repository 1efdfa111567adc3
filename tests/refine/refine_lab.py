"""The toybox's models as the refinement uses them, and its judge."""

import numpy as np

from datacrafter_widget.labels.tagging import zero_shot
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.models.generator import PictureRequest
from datacrafter_widget.refine import Proxies
from datacrafter_widget.toybox.judge import Judge
from datacrafter_widget.toybox.originals import CLASSES


class Models:
    def __init__(self):
        self.generator = DiffusersGenerator("toybox", device="cpu")
        self.encoder = OpenClipEncoder("toybox", device="cpu")
        self.judge = Judge.load()

    def draw(self, prompts, negatives, seeds):
        defaults = self.generator.defaults
        requests = [
            PictureRequest(
                prompt=prompt,
                negative_prompt=negative,
                seed=int(seed),
                width=defaults.width,
                height=defaults.height,
                num_inference_steps=defaults.num_inference_steps,
                guidance_scale=defaults.guidance_scale,
            )
            for prompt, negative, seed in zip(prompts, negatives, seeds, strict=True)
        ]
        size = defaults.batch_size
        return [
            image
            for start in range(0, len(requests), size)
            for image in self.generator.generate(requests[start : start + size])
        ]

    def judged(self, images):
        """What the judge sees: arrays of "class", "colour", "scene", "style" and "count"."""
        return self.judge.predict(np.stack([np.asarray(image) for image in images]))

    def kinds(self, images):
        return self.judged(images)["class"]

    def confidence(self, features, name):
        prompts = self.encoder.encode_texts([f"a photo of a {word}" for word in CLASSES])
        return zero_shot(features, prompts, self.encoder.logit_scale)[:, CLASSES.index(name)]

    def render(self, name):
        """What `evolve` calls for proxies of a class."""

        def render(requests):
            images = self.draw(
                [request.prompt for request in requests],
                [request.negative_prompt for request in requests],
                [request.seed for request in requests],
            )
            features = self.encoder.encode_images(images)
            return Proxies(features, self.confidence(features, name), images)

        return render
