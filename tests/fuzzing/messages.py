"""Messages as no page sends them, and whether a session takes them as it should."""

import hashlib
import json
import logging
import math
import os
import random
import reprlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datacrafter_widget import DataCrafter, InputError, Session
from datacrafter_widget.store.store import DATABASE_NAME
from datacrafter_widget.widget.protocol import REQUESTS, check_message, check_request
from fuzzing.good_requests import GOOD

PATIENCE = 20
"""Seconds for one answer."""
STRANGER = 2_000_000_000
"""An id that no session of a test has."""
OF_THE_STORE = {
    "ids",
    "picture",
    "labels",
    "proposal",
    "suggestion",
    "template",
    "class_id",
    "edit",
    "candidate",
}
OF_THE_STORE |= {"candidates", "step", "first", "second", "classes", "reference", "unusable", "edits", "job"}
"""Arguments that are ids."""
TRAITS = (
    "selection",
    "classes",
    "focus",
    "view",
    "arrangement",
    "height",
    "theme",
    "_view_count",
    "info",
    "points",
)

NUMBERS = (0, -1, 1, 2**31, 2**53, -(2**63), 10**400, 0.5, -0.0, 1e308, math.nan, math.inf, -math.inf, True)
TEXTS = (
    "",
    " ",
    "x" * 30_000,
    "\0",
    "\ud800",
    "\u202e\u0301\U0001f9a9",
    "<img src=x onerror=alert(1)>",
    "../../etc/passwd",
    "'; DROP TABLE picture; --",
    "{class}[|",
    "__proto__",
    "NaN",
)
OTHERS: tuple[Any, ...] = (
    None,
    [],
    {},
    [[]],
    b"",
    b"\xff\x00",
    memoryview(b"\x01"),
    object(),
    (1, 2),
    {1: 2},
)


class NoisyLog(logging.Handler):
    """What the package logs as an error: a request that failed in a way that nobody thought of."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        self.records.append(f"{record.getMessage()}: {cause!r}")


# -- generators ---------------------------------------------------------------------------------------


def rubbish(rng: random.Random, depth: int = 3) -> Any:
    """Any value at all, nested up to so deep."""
    kind = rng.randrange(6 if depth else 4)
    match kind:
        case 0:
            return rng.choice(NUMBERS)
        case 1:
            return rng.choice(TEXTS)
        case 2:
            return rng.choice(OTHERS)
        case 3:
            return "".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(0xD800)))) for _ in range(9))
        case 4:
            return [rubbish(rng, depth - 1) for _ in range(rng.randrange(4))]
        case _:
            return {str(rubbish(rng, 0))[:30]: rubbish(rng, depth - 1) for _ in range(rng.randrange(4))}


def deep(levels: int = 2000) -> Any:
    """A list in a list in a list …"""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def message(rng: random.Random) -> Any:
    """A good request of any kind, spoilt."""
    name = rng.choice(sorted(REQUESTS))
    made = {"type": name, "id": "1", "where": "map", **GOOD[name]}
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        made = rng.choice(SPOIL)(rng, made)
        if not isinstance(made, dict) or not made:
            break
    return made


def _wrong_value(rng: random.Random, made: dict[str, Any]) -> Any:
    return {**made, rng.choice(sorted(made, key=str)): rubbish(rng)}


def _wrong_item(rng: random.Random, made: dict[str, Any]) -> Any:
    lists = [key for key, value in made.items() if isinstance(value, list)]
    if not lists:
        return _wrong_value(rng, made)
    key = rng.choice(lists)
    return {**made, key: [*made[key], rubbish(rng, 1)] * rng.choice((1, 2, 500))}


def _strangers(rng: random.Random, made: dict[str, Any]) -> Any:
    """All ids are such that nothing has them."""
    far = STRANGER + rng.randrange(100_000)
    return {
        key: ([far] * max(1, len(value)) if isinstance(value, list) else far)
        if key in OF_THE_STORE and (value is not None or rng.random() < 0.5)
        else value
        for key, value in made.items()
    }


def _missing(rng: random.Random, made: dict[str, Any]) -> Any:
    gone = rng.choice(sorted(made, key=str))
    return {key: value for key, value in made.items() if key != gone}


def _extra(rng: random.Random, made: dict[str, Any]) -> Any:
    key = rng.choice(("self", "session", "", "__class__", "ids", "path", "text", 5, None))
    return {**made, key: rubbish(rng)}


def _other_kind(rng: random.Random, made: dict[str, Any]) -> Any:
    return {**made, "type": rng.choice((rng.choice(sorted(REQUESTS)), rubbish(rng)))}


def _too_deep(rng: random.Random, made: dict[str, Any]) -> Any:
    return {**made, rng.choice(sorted(made, key=str)): deep()}


def _no_dict(rng: random.Random, made: dict[str, Any]) -> Any:
    return rng.choice((list(made.items()), "undo", rubbish(rng), tuple(made), [made]))


SPOIL: tuple[Callable[[random.Random, dict[str, Any]], Any], ...] = (
    _wrong_value,
    _wrong_value,
    _wrong_value,
    _wrong_item,
    _strangers,
    _strangers,
    _missing,
    _extra,
    _other_kind,
    _too_deep,
    _no_dict,
)


def envelope(rng: random.Random) -> tuple[dict[str, Any], list[Any]]:
    """What a page says about traits, and buffers that belong to it or don't."""
    state: Any = {rng.choice(TRAITS): rubbish(rng) for _ in range(rng.randrange(1, 3))}
    buffers = [
        memoryview(rng.randbytes(rng.choice((0, 1, 4, 7, 400)))) for _ in range(rng.choice((0, 1, 1, 3)))
    ]
    paths = [rng.choice(([rng.choice(TRAITS)], ["info", 0], [], [deep(5)], "x", 3, [-1])) for _ in buffers]
    data = {"method": "update", "state": state, "buffer_paths": paths}
    match rng.randrange(6):
        case 0:
            data["state"] = rubbish(rng)
        case 1:
            data["method"] = rubbish(rng)
        case 2:
            data = {"method": "custom", "content": message(rng)}
        case 3:
            data["buffer_paths"] = rubbish(rng)
    return data, buffers


# -- what must hold -----------------------------------------------------------------------------------


class Watch:
    """A session in a widget that hears spoilt messages, and what they did.

    A message that the protocol's own parser takes is sent only where nothing it could do is meant: its ids are of
    nothing that is there. Every other must be answered by one error, and change neither rows nor files.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.widget = DataCrafter(session)
        _ = session.gallery  # its folder is made when somebody first looks at it
        self._arrived = threading.Condition()
        self._said: list[dict[str, Any]] = []
        self.widget.send = self._take
        self._folder = Path(session.info()["folder"])
        self._other = sqlite3.connect(self._folder / DATABASE_NAME, check_same_thread=False)
        self._log = NoisyLog()
        logging.getLogger("datacrafter_widget").addHandler(self._log)
        self.known = {picture.id for picture in session.pictures(include_hidden=True)}

    def close(self) -> None:
        logging.getLogger("datacrafter_widget").removeHandler(self._log)
        self._other.close()
        self.widget.close()

    def state(self) -> tuple[Any, ...]:
        """Changes with every commit, and with every file that comes, goes or is written."""
        version = self._other.execute("PRAGMA data_version").fetchone()[0]
        files = [
            (entry.path, entry.stat().st_size, entry.stat().st_mtime_ns)
            for folder, _, _ in os.walk(self._folder)
            for entry in os.scandir(folder)
            if entry.is_file() and not entry.name.startswith(DATABASE_NAME)
        ]
        return version, sorted(files)

    def content(self) -> str:
        """A hash of all rows and files."""
        found = hashlib.sha256()
        for line in self._other.iterdump():
            found.update(line.encode("utf-8", "surrogatepass"))
        for path in sorted(self._folder.rglob("*")):  # the gallery's database keeps its readers in -shm
            if path.is_file() and not path.name.startswith(DATABASE_NAME) and not path.name.endswith("-shm"):
                found.update(str(path).encode() + path.read_bytes())
        return found.hexdigest()

    def hear(self, spoilt: Any) -> bool:
        """Send a message and check what came of it.

        Returns:
            False of a good request that could do something: it was not sent.

        Raises:
            AssertionError: it was not answered as it should be, or it changed something.
        """
        valid = is_valid(spoilt)
        if valid and not names_strangers(spoilt):
            return False
        before = self.state()
        self._said.clear()
        self._log.records.clear()
        self.widget._on_message(self.widget, spoilt, [])
        answers = self._answers()
        told = f"{reprlib.repr(spoilt)}: {str(answers)[:500]}"
        assert len(answers) == 1, f"not one answer to {told}"
        json.dumps(answers, allow_nan=False)
        assert valid or answers[0]["type"] == "error", f"not refused: {told}"
        assert answers[0]["type"] == "reply" or len(answers[0]["message"]) < 1000, f"too many words: {told}"
        assert not self._log.records, f"{self._log.records} after {told}"
        assert self.state() == before, f"something changed by {told}"
        return True

    def set(self, data: dict[str, Any], buffers: list[Any]) -> None:
        """Send what a page says about traits, and check what the traits are then.

        Raises:
            AssertionError: one holds what it must not, or something else changed.
        """
        if data["method"] == "custom" and is_valid(data.get("content")):
            return
        before = self.state()
        self.widget._handle_msg({"content": {"data": data}, "buffers": buffers})
        self.widget._readers.submit(int).result(PATIENCE)
        told = f"after {reprlib.repr(data)}"
        widget = self.widget
        assert set(widget.selection) <= self.known, told
        assert set(widget.classes) <= {row.id for row in self.session.classes}, told
        assert widget.view is None or all(map(math.isfinite, widget.view.values())), told
        assert 100 <= widget.height <= 10_000, told
        assert widget.theme in {"auto", "light", "dark"}, told
        assert widget.info["classes"], told
        json.dumps(widget.arrangement, allow_nan=False)
        assert self.state() == before, told

    def _take(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:  # noqa: ARG002
        with self._arrived:
            self._said.append(content)
            self._arrived.notify_all()

    def _answers(self) -> list[dict[str, Any]]:
        """Answers to one message; waits for the first, and for what else its thread may say."""

        def there() -> list[dict[str, Any]]:
            return [each for each in self._said if each["type"] in {"reply", "error"}]

        with self._arrived:
            assert self._arrived.wait_for(lambda: bool(there()), PATIENCE), "no answer in time"
        self.widget._readers.submit(int).result(PATIENCE)
        return there()


def is_valid(spoilt: Any) -> bool:
    """Whether it is a request all the same, by the protocol's own parser."""
    try:
        check_message(spoilt)
        check_request(spoilt)
    except InputError:
        return False
    return True


def names_strangers(request: dict[str, Any]) -> bool:
    """Whether a good request is about nothing that is there: to take it must change nothing."""
    values = [request[key] for key in OF_THE_STORE & request.keys()]
    return any(
        each >= STRANGER
        for value in values
        for each in (value if isinstance(value, list) else [value])
        if isinstance(each, int)
    )
