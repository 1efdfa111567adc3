"""The heart of the loop: point at the undesired kind, get a prompt that no longer makes it.

Nothing in the product may know the word: here the ambiguous class has a random name that both models have
learnt as a synonym, the undesired kind is the other one than in the demo, and the vocabulary is shuffled.
The share is counted by a classifier trained on renders alone, not by the CLIP that the refinement scores with.
"""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from datacrafter_widget import Session
from datacrafter_widget.toybox import ENCODER, PIPELINE, VOCABULARY, write_originals
from datacrafter_widget.toybox.judge import Judge

AMBIGUOUS = "crane"
COUNT = 100


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
    judge = Judge.load()

    def undesired(session: Session, ids: list[int]) -> list[int]:
        kinds = judge.predict(np.stack([np.asarray(session.image(picture)) for picture in ids]))["class"]
        return [picture for picture, kind in zip(ids, kinds, strict=True) if kind != wanted]

    with Session.open(
        tmp_path / "session",
        images=originals,
        generator=str(teach_alias(PIPELINE, tmp_path / "pipeline", alias)),
        encoder=str(teach_alias(ENCODER, tmp_path / "clip", alias)),
        vocabulary=vocabulary,
        seed=4,
    ) as session:
        before = session.generate(COUNT, classes=alias).result()
        wrong = undesired(session, before)
        assert len(wrong) / COUNT >= 0.35
        proposals = session.remove(wrong).result()
        assert len(proposals) == 1
        (proposal,) = session.proposals
        assert proposal.score_after > proposal.score_before
        assert proposal.reasons
        new = proposal.accept()
        assert proposal.after in {row["text"] for row in session.template_table() if row["id"] == new}
        after = session.generate(COUNT, classes=alias).result()
        assert len(undesired(session, after)) / COUNT <= 0.10
        session.undo()
        assert proposal.before in {row["text"] for row in session.template_table()}
