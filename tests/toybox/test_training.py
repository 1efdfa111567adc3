"""What the trainers are made of; training itself is never run in a test."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from datacrafter_widget.toybox.captions import caption  # noqa: E402
from datacrafter_widget.toybox.train import clip, data, tokenizer  # noqa: E402
from datacrafter_widget.toybox.train.optimiser import Muon, orthogonalise  # noqa: E402
from datacrafter_widget.toybox.train.schedule import Budget, cosine  # noqa: E402
from datacrafter_widget.toybox.vocabulary import LABELS  # noqa: E402
from datacrafter_widget.toybox.world import sample_attributes  # noqa: E402


def test_orthogonalised_matrices_have_singular_values_near_one():
    matrices = torch.randn(3, 16, 100, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrices))
    assert 0.5 < values.min() < values.max() < 1.4


def test_muon_minimises_and_resumes():
    torch.manual_seed(0)
    target = torch.randn(8, 4, 3, 3)
    weight, bias = torch.nn.Parameter(torch.zeros(8, 4, 3, 3)), torch.nn.Parameter(torch.ones(8))

    def loss():
        return (weight - target).square().mean() + bias.square().mean()

    first = loss().item()
    optimiser = Muon([weight, bias], lr=0.05)
    for _ in range(60):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    assert loss().item() < 0.3 * first
    again = Muon([weight, bias], lr=0.05)
    again.load_state_dict(optimiser.state_dict())
    again.step()


def test_learning_rate_follows_the_share_of_the_minutes():
    assert cosine(0.0) < 0.1 < cosine(0.02)
    assert cosine(1.0) == pytest.approx(0.005)
    assert Budget(10, spent=5).share == pytest.approx(0.5, abs=0.01)
    assert Budget(10, spent=50).share == 1


def test_rendered_set_is_stored_and_read_back(tmp_path):
    data.render_set(tmp_path, 5, seed=1, workers=1)
    pictures, attributes = data.load(tmp_path)
    assert pictures.shape == (5, 64, 64, 3)
    for row in attributes:
        assert data.indices_of(data.attributes_of(row)) == row.tolist()


def test_tokenizer_knows_every_word_of_the_world_and_reads_any_other(tmp_path):
    words = tokenizer.learn(tmp_path, captions=1500)
    assert len(words.tokenize("a photo of a red strawberry on grass")) == 8
    assert all(len(words.tokenize(label)) == len(label.split()) for label in LABELS)
    assert len(words.tokenize("quirky")) > 1
    assert words.unk_token not in words.tokenize("a naïve kiwi!")


def test_fits_agrees_with_what_captions_say():
    rng = np.random.default_rng(0)
    drawn = [sample_attributes(rng) for _ in range(40)]
    said = [caption(each, rng) for each in drawn] + list(LABELS.values())
    rows = torch.tensor([data.indices_of(each) for each in drawn])
    table = clip.fits(said, rows)
    assert table.tolist() == [[each.fits(picture) for each in said] for picture in drawn]
