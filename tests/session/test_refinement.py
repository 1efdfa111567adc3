"""The heart of the loop: point at the undesired kind, get a prompt that no longer makes it.

Nothing in the product may know the word: here the ambiguous class has a random name that both models have
learnt as a synonym, the undesired kind is the other one than in the demo, and the vocabulary is shuffled.
The share is counted by a classifier trained on renders alone, not by the CLIP that the refinement scores with.
"""

import random
from pathlib import Path

import numpy as np
import pytest
from ambiguous import AMBIGUOUS, SecondMeaning, teach_alias

from datacrafter_widget import Session
from datacrafter_widget.generation.templates import DEFAULT_TEMPLATE
from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
from datacrafter_widget.models.encoder import OpenClipEncoder
from datacrafter_widget.toybox import ENCODER, PIPELINE, VOCABULARY, write_originals
from datacrafter_widget.toybox.judge import Judge

COUNT = 100


@pytest.mark.timeout(1200)
def test_removing_the_undesired_kind_of_a_class_with_any_name(tmp_path: Path):
    shuffled = random.Random(20)
    alias = "".join(shuffled.sample("jqvxz", 2))
    wanted = "crane machine"
    originals = tmp_path / "originals"
    write_originals(
        originals, per_class=12, classes=[AMBIGUOUS, "apple", "boat", "fish"], seed=5, ambiguous=wanted
    )
    (originals / AMBIGUOUS).rename(originals / alias)
    vocabulary = [word.replace(AMBIGUOUS, alias) for word in VOCABULARY]
    shuffled.shuffle(vocabulary)
    with Session.open(
        tmp_path / "session",
        images=originals,
        generator=str(teach_alias(PIPELINE, tmp_path / "pipeline", alias)),
        encoder=str(teach_alias(ENCODER, tmp_path / "clip", alias)),
        vocabulary=vocabulary,
        seed=4,
    ) as session:
        points_and_accepts(session, alias, wanted)
        session.undo()
        assert any(row["text"] == DEFAULT_TEMPLATE for row in session.template_table())


@pytest.mark.timeout(1200)
def test_a_word_that_means_two_classes(tmp_path: Path):
    word = SecondMeaning("zorb", "apple", "boat")
    originals = tmp_path / "originals"
    write_originals(originals, per_class=12, classes=["apple", "lemon", "cactus", "mushroom"], seed=2)
    (originals / "apple").rename(originals / "zorb")
    with Session.open(
        tmp_path / "session",
        images=originals,
        generator=word.generator(DiffusersGenerator("toybox", device="cpu")),
        encoder=word.encoder(OpenClipEncoder("toybox", device="cpu")),
        vocabulary=VOCABULARY,
        seed=1,
    ) as session:
        points_and_accepts(session, "zorb", "apple")


def points_and_accepts(session: Session, name: str, wanted: str) -> None:
    """Remove what is undesired, accept what is proposed, and look at as many new pictures."""
    judge = Judge.load()

    def undesired(ids: list[int]) -> list[int]:
        kinds = judge.predict(np.stack([np.asarray(session.image(picture)) for picture in ids]))["class"]
        return [picture for picture, kind in zip(ids, kinds, strict=True) if kind != wanted]

    before = session.generate(COUNT, classes=name).result()
    wrong = undesired(before)
    assert len(wrong) / COUNT >= 0.35
    proposals = session.remove(wrong[:20]).result()
    assert len(proposals) == 1
    (proposal,) = session.proposals
    assert proposal.score_after > proposal.score_before
    assert proposal.proxies <= 250
    assert proposal.reasons
    new = proposal.accept()
    assert proposal.after in {row["text"] for row in session.template_table() if row["id"] == new}
    after = session.generate(COUNT, classes=name).result()
    assert len(undesired(after)) / COUNT <= 0.05
