"""Answers of a language model: JSON found in its reply, checked against a schema, and kept."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacrafter_widget.errors import InputError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema = dict[str, Any]

_log = logging.getLogger(__name__)
_THINKING = re.compile(r"^\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_MOST_STARTS = 100  # places of a reply at which an object is looked for
_LONGEST_PROBLEM = 300


class AnswerError(ModelError):
    """The model was reached but gave no usable answer to this question; to another one it may."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Make sure that a schema is one, and of an object.

    Raises:
        InputError: it is no JSON schema, or one of something else than an object.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        msg = f"schema: expected a JSON schema (2020-12), found a mistake: {error.message}"
        raise InputError(msg) from error
    if schema.get("type") != "object":
        msg = f"schema: expected one with 'type': 'object', found type {schema.get('type')!r}"
        raise InputError(msg)


def read_answer(reply: str, schema: Mapping[str, Any]) -> dict[str, Any] | str:
    """The object in a model's reply that fits the schema.

    A reply may be the bare object, stand in a code fence, or have words (or a reasoning model's thoughts)
    around it.

    Args:
        reply: what the model wrote.
        schema: a JSON schema of an object, already checked.

    Returns:
        The object; or, when nothing fits, a sentence that says what is wrong.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    validator = Draft202012Validator(schema)
    problem = "expected a JSON object, found none"
    for found in _objects(_THINKING.sub("", reply)):
        error = best_match(validator.iter_errors(found))
        if error is None:
            return found
        problem = f"{error.json_path}: {error.message}"[:_LONGEST_PROBLEM]
    return problem


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a text, from left to right, not those within others."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(_MOST_STARTS):
        if at < 0:
            return
        end = at + 1
        with suppress(ValueError, RecursionError):
            found, end = decoder.raw_decode(text, at)
            yield found
        at = text.find("{", end)


class AnswerCache:
    """Answers by the hash of their question: in memory, and as JSON files where a folder is given.

    An answer is kept as text, so that nobody changes it for the next one who asks. Safe to share by threads
    and, for the folder, by processes: a file is written whole or not at all.

    Args:
        folder: where to keep the files; made when the first one is written. None keeps nothing on disk.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._folder = None if folder is None else Path(folder).expanduser()
        self._texts: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        """The text kept under a key, or None."""
        with self._lock:
            text = self._texts.get(key)
        if text is None and self._folder is not None:
            with suppress(OSError, UnicodeDecodeError):
                text = (self._folder / f"{key}.json").read_text("utf-8")
        return text

    def put(self, key: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer. A disk that refuses is logged, not raised: the answer is there all the same."""
        text = json.dumps(answer)  # in ASCII: half characters, which models write too, are in no UTF-8
        with self._lock:
            self._texts[key] = text
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(self._folder / f"{key}.json", text)
        except OSError as error:
            _log.warning("an answer of the language model could not be kept in %s: %s", self._folder, error)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    number, name = tempfile.mkstemp(suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def digest(value: Any) -> str:
    """A hash of any JSON value."""
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")
    ).hexdigest()
