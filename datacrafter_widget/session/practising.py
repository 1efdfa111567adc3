"""A personalisation of a session: what was asked for becomes rounds in the concept's folder."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from datacrafter_widget.active.anchors import OBJECT_PLACES, Anchor, make_anchors, spread_labels
from datacrafter_widget.active.personalize import STATE_NAME, Personalization
from datacrafter_widget.active.rounds import PersonalizeSettings
from datacrafter_widget.generation.english import correct_articles
from datacrafter_widget.models.encoder import Encoder
from datacrafter_widget.session.label_views import label_members
from datacrafter_widget.store import Store
from datacrafter_widget.store.decoding import decode
from datacrafter_widget.store.records import ConceptRow

ASKED = "personalization"
"""Under which a concept's settings have what was asked for."""
FROM_LABELS = "labels"
_SETTINGS_NAME = "settings.json"
_GIVEN = "given"
_SURFACES = (
    "on a table", "on a wooden table", "on a plain background", "on the floor", "on a sofa", "on grass",
    "in a room", "on a street", "in a studio",
)  # fmt: skip


def is_personalization(concept: ConceptRow) -> bool:
    """Whether a concept is learned in rounds."""
    return ASKED in concept.settings


def has_begun(store: Store, token: str) -> bool:
    """Whether there are rounds to go on with."""
    return (store.concept_folder(token) / STATE_NAME).exists()


def waits(store: Store, concept: ConceptRow) -> bool:
    """Whether a personalisation is a person's turn."""
    if not is_personalization(concept) or not has_begun(store, concept.token):
        return False
    return opened(store, concept).waiting


def turns(store: Store) -> list[dict[str, Any]]:
    """The personalisations that wait for a person, oldest first: token, class_id, kind, round (now over), rounds."""
    rows = []
    for concept in store.concepts():
        if concept.state == "ready" or not waits(store, concept):
            continue
        rounds = opened(store, concept)
        rows.append(
            {
                "token": concept.token,
                "class_id": concept.class_id,
                "kind": rounds.settings.kind,
                "round": len(rounds.rounds),
                "rounds": rounds.settings.rounds,
            }
        )
    return rows


def opened(store: Store, concept: ConceptRow) -> Personalization:
    """A personalisation that has begun."""
    folder = store.concept_folder(concept.token)
    kept = json.loads((folder / _SETTINGS_NAME).read_text("utf-8"))
    return Personalization(folder, PersonalizeSettings.from_json(kept))


def begun(store: Store, concept: ConceptRow, encoder: Encoder) -> Personalization:
    """A personalisation, begun now if it wasn't: what was left open is settled by looking at the pictures."""
    folder = store.concept_folder(concept.token)
    path = folder / _SETTINGS_NAME
    if not path.exists():
        settings = _settled(store, concept, encoder)
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".new-{_SETTINGS_NAME}")
        temporary.write_text(json.dumps(settings.to_json()), encoding="utf-8")
        temporary.replace(path)
    return opened(store, concept)


def keep_given(store: Store, token: str, pictures: Sequence[Image.Image]) -> None:
    """Keep pictures that are not the session's own with a concept."""
    folder = store.concept_folder(token) / _GIVEN
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        picture.save(folder / f"{number:02d}.png")


def given(store: Store, concept: ConceptRow) -> list[Image.Image]:
    """The pictures of the subject, RGB."""
    if concept.settings["pictures"]:
        return [store.load_image(each) for each in concept.settings["pictures"]]
    return [decode(path) for path in sorted((store.concept_folder(concept.token) / _GIVEN).glob("*.png"))]


def asked_settings(asked: Mapping[str, Any], **settled: Any) -> PersonalizeSettings:
    """Settings of what was asked for, checked; what is still open may be given.

    Raises:
        InputError: something is out of range.
    """
    values = {**asked, **settled}
    given = values["anchors"]
    anchors = None
    if given is not None and given != FROM_LABELS:
        anchors = [Anchor(**each) if isinstance(each, dict) else each for each in given]
    return PersonalizeSettings(
        **{
            **values,
            "anchors": make_anchors(values["kind"], values["word"], anchors),
            "beside": values["beside"] or "…",
        }
    )


def _settled(store: Store, concept: ConceptRow, encoder: Encoder) -> PersonalizeSettings:
    asked = concept.settings[ASKED]
    settled: dict[str, Any] = {}
    if asked["anchors"] == FROM_LABELS:
        settled["anchors"] = _anchors_of_labels(store, asked, encoder)
    if asked["beside"] is None:
        settled["beside"] = _beside(asked, given(store, concept), encoder)
    return asked_settings(asked, **settled)


def _anchors_of_labels(store: Store, asked: Mapping[str, Any], encoder: Encoder) -> list[str]:
    """The session's content labels that differ most, as things to be with, or to be drawn."""
    members = label_members(store)
    labels = sorted(store.labels(), key=lambda label: -len(members.get(label.id, ())))
    texts = [label.text for label in labels]
    words = [row.word for row in store.classes()]
    chosen = spread_labels(texts, encoder.encode_texts(texts), leave_out=[asked["word"], *words])
    return [f"with {text}" if asked["kind"] == "object" else text for text in chosen]


def _beside(asked: Mapping[str, Any], pictures: Sequence[Image.Image], encoder: Encoder) -> str:
    """Where the encoder thinks that the subject is; for a style, the class's word."""
    if asked["kind"] == "style":
        return correct_articles(f"a {asked['word']}")
    places = [*OBJECT_PLACES, *_SURFACES]
    texts = [correct_articles(f"a photo of a {asked['word']} {place}") for place in places]
    seen = encoder.encode_images(list(pictures)).mean(axis=0)
    return places[int(np.argmax(encoder.encode_texts(texts) @ seen))]
