"""Pictures as a data frame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from datacrafter_widget.errors import InputError
from datacrafter_widget.store import Store
from datacrafter_widget.store.records import Picture

if TYPE_CHECKING:
    import pandas as pd

_MADE = ("prompt", "negative_prompt", "seed", "parent_id", "strength", "guidance_scale", "model")
COLUMNS = ("id", "class", "origin", "iteration", "labels", "flagged", "hidden", "path", "source", *_MADE)


def picture_frame(store: Store, ids: Sequence[int] | None = None) -> "pd.DataFrame":
    """A row a picture, with `COLUMNS`: ``labels`` has lists, the surest first; ``path`` is the picture's file.

    Args:
        store: the session's.
        ids: of which pictures, in this order; by default of all visible ones.

    Raises:
        InputError: an unknown picture.
    """
    import pandas as pd

    found = {each.id: each for each in store.pictures(ids=ids, include_hidden=ids is not None)}
    wanted = list(found) if ids is None else [int(each) for each in ids]
    if len(found) < len(set(wanted)):
        check_ids(store, wanted)
    classes = {row.id: row.name for row in store.classes()}
    texts = {label.id: label.text for label in store.labels()}
    worn = store.labels_of(wanted)
    rows = [
        _row(
            found[each],
            classes[found[each].class_id],
            [texts[label] for label in worn.get(each, ())],
            str(store.image_path(found[each])),
        )
        for each in wanted
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"seed": "Int64", "parent_id": "Int64"})


def check_ids(store: Store, ids: Sequence[int]) -> None:
    """See that there is a picture of every id, hidden ones too.

    Raises:
        InputError: there is none.
    """
    strangers = np.setdiff1d(np.asarray(ids, np.int64), store.picture_columns().ids)
    if len(strangers):
        found = ", ".join(map(str, strangers[:5].tolist())) + (" …" if len(strangers) > 5 else "")
        raise InputError(f"expected ids of pictures, found {found}. session.pictures() lists the pictures.")


def _row(picture: Picture, name: str, labels: list[str], path: str) -> dict[str, Any]:
    made = picture.provenance
    return {
        "id": picture.id,
        "class": name,
        "origin": picture.origin,
        "iteration": picture.iteration,
        "labels": labels,
        "flagged": picture.flagged,
        "hidden": picture.hidden,
        "path": path,
        "source": picture.source,
        **{key: getattr(made, key) if made else None for key in _MADE},
    }
