"""What happens in a session, told to one page: at most ten times a second, in numbered messages."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datacrafter_widget.errors import DataCrafterError
from datacrafter_widget.session import Session
from datacrafter_widget.session.points import encode_points
from datacrafter_widget.session.tables import TABLES, read_table
from datacrafter_widget.widget.pointrows import PointRows
from datacrafter_widget.widget.previews import encode_preview

INTERVAL = 0.1
"""Seconds between two rounds of messages to the page."""

FOLD_BYTES = 2**20
"""Points are taken into their trait after one quiet second for each so many bytes."""

Say = Callable[..., None]

_log = logging.getLogger(__name__)

# What an event makes worth reading again.
_TOUCHED = {
    "pictures": ("points", "info"),
    "hidden": ("points", "info", "labels", "label_tree", "history"),
    "map": ("points",),
    "labels": ("labels", "label_tree"),
    "templates": ("templates",),
    "proposals": ("proposals",),
    "suggestions": ("suggestions",),
    "edits": ("edits",),
    "metrics": ("metrics",),
    "evaluation": ("evaluation",),
    "job": ("jobs",),
    "actions": ("history",),
    "device": ("info",),
    "cost": ("info",),
    "concepts": ("info", "turns"),
    "flags": ("points", "info", "history"),
    "preview": (),
    "classes": ("info", "templates", "points"),
    "warning": (),
    "gallery": (),
}
_MOVED = {"map", "classes"}
_MARKED = {"hidden", "flags"}


class Feed:
    """Follows a session and keeps what the page was told. Nothing is told before `start`.

    Args:
        session: to follow.
        say: takes a message and its buffers to the page. Called on a thread of the feed's own.
        fold: told when the page's state should be taken into the traits.
    """

    def __init__(self, session: Session, *, say: Say, fold: Callable[[], None]) -> None:
        self._session, self._say, self._fold = session, say, fold
        self.line = threading.RLock()  # one reader of the session and sender to the page at a time
        self.live = True
        self.seq = 0
        self._folded = 0
        self._started = False
        self._lock = threading.Lock()
        self._dirty: set[str] = set()
        self._kinds: set[str] = set()
        self._warnings: list[tuple[str, str]] = []
        self._preview: dict[str, Any] | None = None
        self._timer: threading.Timer | None = None
        self._fold_timer: threading.Timer | None = None
        self._last_flush = 0.0
        # First listen, then read: what happens meanwhile is told once we start.
        self._unsubscribe = session.events.subscribe(self._on_event)
        self.points = PointRows(session.map_points())
        self._tables = {name: read_table(session, name) for name in TABLES}

    def state(self) -> dict[str, Any]:
        """What the page was told, as the values of traits."""
        with self.line:
            self._folded = self.seq
            return {"points": self._block(), **self._tables}

    def start(self) -> None:
        """Begin to tell the page."""
        self._started = True
        self._touch()

    def stop(self) -> None:
        """Stop following the session and forget its pictures."""
        self.live = False
        self._unsubscribe()
        for timer in (self._timer, self._fold_timer):
            if timer is not None:
                timer.cancel()
        with self.line:
            self.points.replace({name: column[:0] for name, column in self.points.columns.items()})
            self._tables = {}
            del self._session, self._unsubscribe  # who keeps the widget shall not keep them

    def join(self) -> None:
        """Wait for a round of messages that is under way."""
        if self._timer is not None:
            self._timer.join(10)

    def greet(self, seq: int) -> tuple[dict[str, Any], list[bytes]]:
        """What brings a page that has just opened, or that missed a message, up to date; answered in `line`."""
        if seq == self.seq:
            return {"seq": seq, "tables": None}, []
        return {"seq": self.seq, "tables": self._tables}, [self._block()]

    # -- events ---------------------------------------------------------------------------------------

    def _on_event(self, event: dict[str, Any]) -> None:
        """Note what changed. Called on any thread, perhaps under the session's locks: reads nothing."""
        kind = event["kind"]
        if kind not in _TOUCHED:
            return
        with self._lock:
            self._kinds.add(kind)
            if kind == "warning":
                self._warnings.append((event.get("where", "map"), event["message"]))
            if kind == "preview":
                self._preview = event
        ended = kind == "job" and event["job"]["state"] not in {"queued", "running"}
        self._touch(*_TOUCHED[kind], *(("info",) if ended else ()))

    def _touch(self, *names: str) -> None:
        with self._lock:
            self._dirty.update(names)
            waits = self._dirty or self._kinds
            if not (waits and self.live and self._started) or self._timer is not None:
                return
            wait = max(0.01, INTERVAL - (time.monotonic() - self._last_flush))
            self._timer = _later(wait, self._flush)

    def _flush(self) -> None:
        """Tell the page what changed, on a thread of its own: it works while a cell is running."""
        with self._lock:
            names, self._dirty = self._dirty, set()
            kinds, self._kinds = self._kinds, set()
            warnings, self._warnings = self._warnings, []
            preview, self._preview = self._preview, None
            self._timer = None
            self._last_flush = time.monotonic()
        try:
            with self.line:
                if not self.live:
                    return
                for where, message in warnings:
                    self._say({"type": "warning", "where": where, "message": message})
                if "points" in names:
                    self._send_points(moved=bool(kinds & _MOVED), marked=bool(kinds & _MARKED))
                self._send_tables(names)
                if preview is not None:
                    self._say(*encode_preview(preview))
                if "gallery" in kinds:
                    self._say({"type": "gallery"})
        except Exception as error:
            if self.live:  # a session that was closed meanwhile has nothing to tell
                _log.debug("the widget could not read the session", exc_info=True)
                self._say({"type": "error", "id": None, "where": "", "message": in_words(error)})
            return
        self._fold_soon()

    # -- messages -------------------------------------------------------------------------------------

    def _send_tables(self, names: set[str]) -> None:
        tables = {name: read_table(self._session, name) for name in TABLES if name in names}
        tables = {name: table for name, table in tables.items() if table != self._tables.get(name)}
        if tables:
            self._tables = {**self._tables, **tables}
            self._send({"type": "state", "tables": tables})

    def _send_points(self, *, moved: bool, marked: bool) -> None:
        if not moved:
            new = self._session.map_points(after_id=self.points.last)
            if count := len(new["id"]):
                start = len(self.points)
                self.points.append(new)
                self._send({"type": "append", "start": start, "count": count}, new)
        if not (moved or marked):
            return
        points = self._session.map_points()
        changed = None if moved else self.points.remark(points)
        if changed is None:
            self.points.replace(points)
            self._send({"type": "replace"}, points)
        elif count := len(changed["id"]):
            self._send({"type": "update", "count": count}, changed)

    def _send(self, message: dict[str, Any], points: Mapping[str, Any] | None = None) -> None:
        self.seq += 1
        buffers: Sequence[bytes] = [] if points is None else [encode_points(points, self.seq)]
        self._say({**message, "seq": self.seq}, buffers)

    def _block(self) -> bytes:
        return encode_points(self.points.columns, self.seq)

    def _fold_soon(self) -> None:
        """Have the state taken into the traits once all is quiet: later the larger it is, as it is sent whole."""
        with self._lock:
            if self._fold_timer is not None:
                self._fold_timer.cancel()
            busy = any(job["state"] in {"queued", "running"} for job in self._tables.get("jobs", ()))
            if self.live and not busy and self._folded != self.seq:
                self._fold_timer = _later(len(self.points) * 12 / FOLD_BYTES, self._fold)


def in_words(error: Exception) -> str:
    """An error as the page shows it."""
    return str(error) if isinstance(error, DataCrafterError) else f"{type(error).__name__}: {error}"


def _later(seconds: float, act: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer
