import torch

from datacrafter_widget.training.augment import augment


def test_each_picture_changes_in_its_own_way_and_stays_a_picture():
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    batch = picture.repeat(16, 1, 1, 1)
    changed = augment(batch, torch.Generator().manual_seed(1))
    assert changed.shape == batch.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert len({tuple(each.flatten()[:50].tolist()) for each in changed}) == 16


def test_the_same_seed_makes_the_same_changes_and_no_strength_none():
    batch = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    one, other = (augment(batch, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(augment(batch, torch.Generator().manual_seed(3), strength=0.0), batch)


def test_half_of_the_pictures_are_mirrored_and_no_more_than_a_part_is_cut_off():
    ramp = torch.linspace(0, 1, 32).expand(1, 3, 32, 32)  # brighter to the right
    changed = augment(ramp.repeat(200, 1, 1, 1), torch.Generator().manual_seed(2))
    slope = changed[..., -1].mean((1, 2)) - changed[..., 0].mean((1, 2))
    assert 60 < (slope < 0).sum() < 140
    assert slope.abs().min() > 0.2
