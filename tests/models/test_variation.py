import pytest
import torch

from datacrafter_widget.models.variation import turned


@pytest.fixture
def noise():
    source = torch.Generator().manual_seed(0)
    return [torch.randn((4, 32, 32), generator=source) for _ in range(2)]


def test_a_turn_keeps_the_length_and_goes_all_the_way_at_one(noise):
    own, fresh = noise
    for strength in (0.0, 0.35, 1.0):
        assert turned(own, fresh, strength).norm().item() == pytest.approx(own.norm().item(), rel=1e-4)
    assert torch.allclose(turned(own, fresh, 0.0), own, atol=1e-4)
    ratio = turned(own, fresh, 1.0) / fresh
    assert ratio.std() < 1e-3


def test_a_turn_goes_steadily_from_one_to_the_other(noise):
    own, fresh = noise
    cosines = [
        torch.cosine_similarity(turned(own, fresh, step / 10).flatten(), own.flatten(), dim=0).item()
        for step in range(11)
    ]
    assert cosines == sorted(cosines, reverse=True)
    assert cosines[5] == pytest.approx(2**-0.5, abs=0.05)


def test_turned_noise_is_still_normal(noise):
    mixed = turned(*noise, 0.5)
    assert mixed.mean().abs() < 0.05
    assert mixed.std().item() == pytest.approx(1, abs=0.05)


def test_noise_can_be_turned_towards_itself(noise):
    assert torch.equal(turned(noise[0], noise[0], 0.5), noise[0])
