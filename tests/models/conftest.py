import pytest

from datacrafter_widget.models.generator import PictureRequest


@pytest.fixture
def ask():
    """Requests for a few small pictures."""

    def ask(count=4, first_seed=0, **changes):
        settings = {
            "prompt": "a photo of a red fish",
            "width": 64,
            "height": 64,
            "num_inference_steps": 2,
            "guidance_scale": 4.0,
        }
        return [PictureRequest(**{**settings, "seed": first_seed + n, **changes}) for n in range(count)]

    return ask
