"""What Python and the page say to each other. ``js/src/protocol.ts`` has the same names and the whole story.

Traits: the tables of `TABLES`, ``points`` (a block of `session.points`), ``panels``, ``height``, ``theme``; both
ways go ``selection`` (picture ids), ``classes`` (ids), ``focus`` (label ids), ``view`` and ``arrangement``.

Messages to the page: ``state`` (seq, tables), ``append`` (seq, start, count, block), ``update`` (seq, count,
block), ``replace`` (seq, block), ``reply`` (id, result, buffers), ``error`` (id, where, message), ``warning``
(where, message), ``preview`` (job, class_ids, count, a WebP a picture), ``gallery`` (something in it is new or gone).
``seq`` counts up by one, so that a page that missed a message knows, and says ``hello`` to get everything.

Messages from the page: ``{type, id, where, …}`` with the arguments of `REQUESTS`.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from datacrafter_widget.errors import InputError
from datacrafter_widget.widget.brief import brief

MAX_IDS = 1_000_000
LARGEST_ID = 2**31 - 1
MAX_NAME = 100
MAX_NAMES = 1000
MAX_TEXT = 20_000
MAX_WEIGHTS = 20
MAX_PICTURE = 12_000_000
"""Characters of a picture file that the page sends, in base64."""

_CONTENT = re.compile(r"[0-9a-f]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


# -- what the page may ask ---------------------------------------------------------------------------


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _id(value: Any) -> bool:
    return _whole(value) and 0 < value <= LARGEST_ID


def _number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and is_finite(value)


def is_finite(value: float) -> bool:
    """Whether a number is finite as a float: an int may be larger than any."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _ids(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_IDS and all(_id(item) for item in value)


def _numbers(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_TEXT
        and all(_whole(item) and 0 <= item <= LARGEST_ID for item in value)
    )


def _key(value: Any) -> bool:
    return _id(value) or (isinstance(value, str) and len(value) <= MAX_NAME)


def _name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME


def _contents(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_NAMES
        and all(isinstance(item, str) and _CONTENT.fullmatch(item) for item in value)
    )


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _weights(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_WEIGHTS
        and all(_text(name) and _number(weight) for name, weight in value.items())
    )


def _picture(value: Any) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= MAX_PICTURE
        and len(value) % 4 == 0
        and _BASE64.fullmatch(value) is not None
    )


def _reference(value: Any) -> bool:
    return _id(value) or _picture(value)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _or_none(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


_WISH: dict[str, Callable[[Any], bool]] = {
    "instruction": _text,
    "mask": _or_none(_picture),
    "reference": _or_none(_reference),
    "steps": _number,
    "text_influence": _number,
    "picture_influence": _number,
}

REQUESTS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "hello": {"seq": _whole},
    "thumbnails": {"ids": _ids, "size": _whole},
    "proxies": {"refs": _ids},
    "families": {"ids": _or_none(_ids), "classes": _or_none(_ids)},
    "vary": {"picture": _id, "count": _whole, "strength": _or_none(_number)},
    "label_pictures": {"labels": _ids},
    "picture_labels": {"ids": _ids},
    "picture": {"picture": _id},
    "generate": {
        "per_class": _whole,
        "classes": _or_none(_ids),
        "seed": _or_none(_whole),
        "perturbation": _text,
        "strength": _or_none(_number),
        "guidance_scale": _or_none(_number),
        "num_inference_steps": _or_none(_whole),
    },
    "resume": {},
    "cancel": {"job": _id},
    "remove": {"ids": _ids, "weights": _or_none(_weights)},
    "more_like": {"ids": _ids, "weights": _or_none(_weights)},
    "transform": {"ids": _ids, "text": _text, "weights": _or_none(_weights)},
    "combine": {"first": _ids, "second": _ids, "weights": _or_none(_weights)},
    "without": {"first": _ids, "second": _ids, "weights": _or_none(_weights)},
    "restore": {"ids": _ids},
    "undo": {},
    "redo": {},
    "accept": {
        "proposal": _id,
        "text": _or_none(_text),
        "negative": _or_none(_text),
        "regenerate": _one_of("no", "replace", "add"),
    },
    "reject": {"proposal": _id, "reason": _text},
    "suggest": {"classes": _or_none(_ids)},
    "generate_suggestion": {"suggestion": _id},
    "collect_suggestion": {"suggestion": _id},
    "reject_suggestion": {"suggestion": _id, "reason": _text},
    "take_collected": {},
    "label": {"with": _one_of("clip", "language")},
    "edit_template": {"template": _id, "text": _text, "negative": _text},
    "add_template": {"class_id": _id, "text": _text},
    "delete_template": {"template": _id},
    "use_strategy": {"strategy": _text, "classes": _or_none(_ids), "replace": _flag},
    "tune": {
        "class_id": _id,
        "method": _one_of("textual_inversion", "lora"),
        "steps": _or_none(_whole),
    },
    "studio": {},
    "personalize": {
        "class_id": _id,
        "ids": _ids,
        "kind": _one_of("object", "style"),
        "human": _flag,
        "rounds": _or_none(_whole),
        "steps": _or_none(_whole),
    },
    "candidates": {"token": _text, "turn": _whole},
    "candidate_pictures": {"token": _text, "turn": _whole, "candidates": _numbers},
    "choose_candidates": {"token": _text, "turn": _whole, "candidates": _numbers, "instead": _flag},
    "edit": {"ids": _ids, **_WISH},
    "edit_further": {"edit": _id, **_WISH},
    "understand": {"picture": _id, "instruction": _text},
    "edit_rows": {"ids": _ids},
    "edit_pictures": {"candidates": _ids, "size": _whole},
    "choose_edit": {
        "edit": _id,
        "candidate": _or_none(_id),
        "matches": _or_none(_whole),
        "keeps": _or_none(_whole),
        "unusable": _ids,
        "words": _text,
    },
    "accept_edit": {"edit": _id},
    "stop_edit": {"edit": _id},
    "revert_edit": {"edit": _id, "step": _or_none(_id)},
    "replay_edit": {"edit": _id, "ids": _ids},
    "teach_prompt": {"edits": _ids},
    "publish_edit": {"edit": _id, "title": _text, "description": _text, "public": _flag},
    "gallery": {
        "words": _text,
        "likes": _whole,
        "since": _or_none(_name),
        "until": _or_none(_name),
        "order": _one_of("newest", "oldest", "liked"),
        "page": _whole,
    },
    "gallery_entry": {"entry": _name},
    "gallery_pictures": {"keys": _contents, "size": _whole},
    "like_entry": {"entry": _name, "liked": _flag},
    "delete_entry": {"entry": _name},
    "fork_entry": {"entry": _name, "ids": _ids},
    "keep": {"ids": _ids},
    "export": {"path": _text, "format": _text, "overwrite": _flag},
}


def check_message(message: Any) -> tuple[str | int, str]:
    """The id of a request, and the place where its errors are shown.

    Raises:
        InputError: it has no id that an answer could go to.
    """
    request: Any = message.get("id") if isinstance(message, Mapping) else None
    if not _key(request):
        raise InputError(f"expected a request with an id, found {brief(message)}")
    where = message.get("where", "")
    return request, where if isinstance(where, str) and len(where) <= MAX_NAME else ""


def check_request(message: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of a request, once they are known to be of the form that was agreed.

    Raises:
        InputError: an unknown request, or an argument that is missing, of the wrong kind or not known.
    """
    name = message.get("type")
    if not isinstance(name, str) or name not in REQUESTS:
        raise InputError(
            f"unknown request {brief(name)}; the page and the kernel run different versions, reload the page"
        )
    strangers = sorted(map(str, message.keys() - REQUESTS[name].keys() - {"type", "id", "where"}))
    if strangers:
        raise InputError(f"{name}: expected only {', '.join(REQUESTS[name])}; found {strangers[0][:80]}")
    arguments = {}
    for key, check in REQUESTS[name].items():
        if key not in message or not check(message[key]):
            found = brief(message.get(key))
            raise InputError(f"{name}: {key} is not of the form that was expected, found {found}")
        arguments[key] = message[key]
    return name, arguments
