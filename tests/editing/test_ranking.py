"""Who should carry out a wish."""

from datacrafter_widget.editing.intent import understand
from datacrafter_widget.editing.ratings import Rating
from datacrafter_widget.models.editors.editor import Abilities

EDITORS = {
    "by instruction": Abilities("instruction", ("recolour", "swap", "restyle", "global")),
    "by caption": Abilities("captions", ("restyle", "global", "recolour")),
    "painter": Abilities("captions", ("remove", "insert", "swap", "recolour"), mask="required"),
    "copier": Abilities("captions", ("insert",), mask="optional", reference="required"),
}


def names(intent):
    return [each.name for each in intent.ranked]


def test_editors_are_ranked_by_what_they_are_good_at_and_what_was_given():
    assert names(understand("make it red", editors=EDITORS)) == ["by instruction", "by caption"]
    assert names(understand("as a sketch", editors=EDITORS))[0] == "by caption"
    masked = understand("remove the dog", has_mask=True, editors=EDITORS)
    assert names(masked)[0] == "painter"
    assert "uses the mask" in masked.ranked[0].reason
    shown = understand("add a dog", has_mask=True, has_reference=True, editors=EDITORS)
    assert names(shown)[0] == "copier"


def test_ratings_of_that_action_change_the_ranking():
    liked = {"recolour": [Rating("by caption", 3.0, 1.0, 5.0, 9, 10)]}
    intent = understand("make it red", editors=EDITORS, ratings=liked)
    assert names(intent) == ["by caption", "by instruction"]
    assert "chosen 9 of 10 times" in intent.ranked[0].reason
    assert names(understand("make it red", editors=EDITORS, ratings={"swap": liked["recolour"]})) == [
        "by instruction",
        "by caption",
    ]
