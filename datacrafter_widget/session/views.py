"""What a session shows: small tables and arrays, read fresh from the store, for the widget and for scripts."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacrafter_widget.session.edits import edit_steps
from datacrafter_widget.session.flag_words import flag_rows
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import Picture

Row = dict[str, Any]


def class_table(store: Store) -> list[Row]:
    """One row a class: id, name, word, and how many originals, generated and hidden pictures it has."""
    counts = store.counts()
    rows = []
    for row in store.classes():
        originals, generated, hidden = counts.get(row.id, (0, 0, 0))
        rows.append(
            {
                "id": row.id,
                "name": row.name,
                "word": row.word,
                "originals": originals,
                "generated": generated,
                "hidden": hidden,
            }
        )
    return rows


def map_points(store: Store, after_id: int = 0) -> dict[str, NDArray[Any]]:
    """The pictures that have a place on the map, in the order of their ids, as equally long arrays.

    Returns:
        ``id`` int32, ``x`` and ``y`` float32, ``class_index`` uint16 (place in `class_table`), ``origin``
        uint8 (0 original, 1 generated), ``iteration`` uint16, ``hidden`` uint8, ``flagged`` uint8 (0 for hidden
        ones).
    """
    columns = store.picture_columns(after_id)
    ids, positions = store.picture_places(after_id)
    if not np.array_equal(ids, columns.ids):
        ids, row, found = np.intersect1d(ids, columns.ids, assume_unique=True, return_indices=True)
        positions, columns = positions[row], columns.take(found)
    return {
        "id": ids.astype(np.int32),
        "x": positions[:, 0],
        "y": positions[:, 1],
        "class_index": class_places(store)[columns.class_ids],
        "origin": columns.generated.astype(np.uint8),
        "iteration": np.minimum(columns.iterations, np.iinfo(np.uint16).max).astype(np.uint16),
        "hidden": columns.hidden.astype(np.uint8),
        "flagged": (columns.flagged & ~columns.hidden).astype(np.uint8),
    }


def class_places(store: Store) -> NDArray[np.uint16]:
    """The place in `class_table` of each class, by its id."""
    ids = [row.id for row in store.classes()]
    places = np.zeros(max(ids, default=0) + 1, np.uint16)
    places[ids] = np.arange(len(ids))
    return places


def details(store: Store, ids: Sequence[int]) -> list[Row]:
    """Pictures with their descendants, grouped under the original they come from.

    A generated picture without a parent stands under no original: such pictures of a class share one row.
    """
    chosen = store.pictures(ids=list(ids), include_hidden=True)
    parents = sorted(
        {_parent(picture) or picture.id for picture in chosen if _parent(picture) or _is_original(picture)}
    )
    children = store.descendants(parents)
    rows: list[Row] = []
    for parent in store.pictures(ids=parents, include_hidden=True):
        family = store.pictures(ids=children.get(parent.id, []))
        rows.append({"original": summary(parent), "descendants": [summary(child) for child in family]})
    orphans: dict[int, list[Row]] = defaultdict(list)
    for picture in chosen:
        if not _is_original(picture) and not _parent(picture):
            orphans[picture.class_id].append(summary(picture))
    rows.extend({"original": None, "descendants": group} for group in orphans.values())
    return rows


def summary(picture: Picture) -> Row:
    """A picture in a few values."""
    return {
        "id": picture.id,
        "class_id": picture.class_id,
        "origin": picture.origin,
        "iteration": picture.iteration,
        "hidden": picture.hidden,
        "flagged": picture.flagged,
    }


def provenance_sheet(store: Store, picture_id: int) -> Row:
    """Everything known of one picture, JSON-able: where it comes from and how it was made.

    Of one that was edited ``steps`` has what was done to it, step by step; of others it is empty.
    """
    picture = store.picture(picture_id)
    class_name = next(row.name for row in store.classes() if row.id == picture.class_id)
    made = asdict(picture.provenance) if picture.provenance else None
    labels = {label.id: label.text for label in store.labels()}
    return {
        **summary(picture),
        "class": class_name,
        "source": picture.source,
        "width": picture.width,
        "height": picture.height,
        "sha256": picture.sha256,
        "created_at": picture.created_at,
        "flags": [
            {"kind": row["kind"], "of": row["of"], "words": row["words"]}
            for row in flag_rows(store, [picture_id])
        ],
        "provenance": made,
        "steps": edit_steps(store, picture_id),
        "labels": [labels[label] for label in store.labels_of([picture_id]).get(picture_id, [])],
        "descendants": store.descendants([picture_id])[picture_id],
    }


def template_table(store: Store) -> list[Row]:
    """The active prompts, class by class."""
    return [
        {
            "id": template.id,
            "class_id": template.class_id,
            "text": template.text,
            "negative": template.negative,
            "origin": template.origin,
        }
        for template in store.templates()
    ]


def proposal_table(store: Store) -> list[Row]:
    """The proposals that are searched for or wait for a decision, newest first."""
    templates = {template.id: template for template in store.templates(active=None)}
    rows = []
    for proposal in store.proposals(states=("running", "open")):
        before = templates[proposal.template_id or 0]
        report = proposal.report
        rows.append(
            {
                "id": proposal.id,
                "class_id": proposal.class_id,
                "template_id": proposal.template_id,
                "before": before.text,
                "after": proposal.text,
                "negative_before": before.negative,
                "negative_after": proposal.negative,
                "score_before": proposal.score_before,
                "score_after": proposal.score_after,
                "reasons": list(proposal.explanation),
                "before_refs": list(proposal.before_ids),
                "after_refs": list(proposal.after_ids),
                "state": proposal.state,
                "kind": proposal.feedback["kind"],
                "wish": proposal.feedback.get("wish", ""),
                "pictures": len(proposal.feedback.get("ids", ())),
                "improved": report.get("improved", proposal.state == "open"),
                "confirmed": report.get("confirmed", True),
                "gain": report.get("gain"),
                "standard_error": report.get("standard_error"),
                "proxies": report.get("proxies", 0),
                "edits": report.get("edits", []),
                "terms": report.get("terms", {"before": {}, "after": {}}),
                "weights": report.get("weights", {}),
                "generations": report.get("generations", []),
                "tried": report.get("tried", []),
            }
        )
    return rows[::-1]


def session_html(store: Store) -> str:
    """The session in a cell's output: its folder, and a row a class."""
    rows = "".join(
        f"<tr><td>{escape(row['name'])}</td><td>{row['originals']}</td><td>{row['generated']}</td></tr>"
        for row in class_table(store)
    )
    return (
        f"<b>Session</b> in {escape(from_here(store.folder))}"
        f"<table><tr><th>class</th><th>originals</th><th>generated</th></tr>{rows}</table>"
    )


def from_here(folder: Path) -> str:
    """A folder's path from the working folder on, or from ``~`` on; whole only where it is in neither."""
    for place, sign in ((Path.cwd, ""), (Path.home, "~")):
        with suppress(OSError, RuntimeError, ValueError):  # there is no such place, or it isn't in there
            return str(sign / folder.relative_to(place()))
    return str(folder)


def _parent(picture: Picture) -> int:
    return (picture.provenance.parent_id or 0) if picture.provenance else 0


def _is_original(picture: Picture) -> bool:
    return picture.origin == "original"
