"""DataCrafter: the widget. It turns a session's events into messages and the page's messages into calls."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from datacrafter_widget.errors import DataCrafterError, InputError
from datacrafter_widget.session import Session
from datacrafter_widget.session.plain import plain
from datacrafter_widget.session.points import encode_points
from datacrafter_widget.widget.previews import encode_preview
from datacrafter_widget.widget.protocol import PANELS, TABLES, check_request
from datacrafter_widget.widget.requests import SLOW, answer

STATIC = Path(__file__).parent / "static"
INTERVAL = 0.1
"""Seconds between two rounds of messages to the page."""

_log = logging.getLogger(__name__)

if not (STATIC / "widget.js").is_file():
    raise DataCrafterError(
        f"the dashboard's front end is not built: expected {STATIC / 'widget.js'}; in the checkout, "
        "run `python -m pip install -e .`, or `npm ci && npm run build` in its folder js/"
    )

# What an event makes worth reading again.
_TOUCHED = {
    "pictures": ("points", "info"),
    "hidden": ("points", "info", "labels", "label_tree", "history"),
    "map": ("points",),
    "labels": ("labels", "label_tree"),
    "templates": ("templates",),
    "proposals": ("proposals",),
    "metrics": ("metrics",),
    "job": ("jobs",),
    "actions": ("history",),
    "device": ("info",),
    "cost": ("info",),
    "concepts": ("info",),
    "flags": ("points", "info", "flags", "history"),
    "preview": ("preview",),
    "classes": ("info", "templates", "points"),
    "warning": ("warnings",),
}


class DataCrafter(anywidget.AnyWidget):
    """The dashboard of a session: Info, Metrics, Map, Prompts and Detail in one widget.

    Show it as the last line of a cell. Several may show one session. It needs nothing from the network.

    Args:
        session: the session to show.
        panels: which panels, of ``"info"``, ``"metrics"``, ``"map"``, ``"prompts"``, ``"detail"``.
        height: pixels.
        theme: ``"auto"`` (the notebook's), ``"light"`` or ``"dark"``.

    Attributes:
        selection: ids of the selected pictures; may be set and observed.

    Raises:
        InputError: an unknown panel.

    Example:
        >>> widget = DataCrafter(session)  # doctest: +SKIP
        >>> widget.selection  # doctest: +SKIP
        [12, 40, 41]
    """

    _live = False  # until it follows its session
    _esm = STATIC / "widget.js"
    _css = STATIC / "widget.css"

    info = traitlets.Dict().tag(sync=True)
    labels: traitlets.List[Any] = traitlets.List().tag(sync=True)
    label_tree = traitlets.Dict().tag(sync=True)
    metrics: traitlets.List[Any] = traitlets.List().tag(sync=True)
    templates: traitlets.List[Any] = traitlets.List().tag(sync=True)
    proposals: traitlets.List[Any] = traitlets.List().tag(sync=True)
    jobs: traitlets.List[Any] = traitlets.List().tag(sync=True)
    history = traitlets.Dict().tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)
    panels = traitlets.List(traitlets.Enum(PANELS)).tag(sync=True)
    height = traitlets.Int(720).tag(sync=True)
    theme = traitlets.Enum(("auto", "light", "dark"), "auto").tag(sync=True)
    selection = traitlets.List(traitlets.Int()).tag(sync=True, echo_update=False)
    classes: traitlets.List[Any] = traitlets.List(traitlets.Int()).tag(sync=True, echo_update=False)
    focus: traitlets.List[Any] = traitlets.List(traitlets.Int()).tag(sync=True, echo_update=False)
    view = traitlets.Dict(None, allow_none=True).tag(sync=True, echo_update=False)
    arrangement = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        session: Session,
        *,
        panels: Sequence[str] = PANELS,
        height: int = 720,
        theme: str = "auto",
        **layout: Any,
    ) -> None:
        strangers = [panel for panel in panels if panel not in PANELS]
        if strangers or not panels:
            raise InputError(f"expected panels among {', '.join(PANELS)}; found {strangers or 'none'}")
        self._session = session
        self._line = threading.RLock()  # one reader of the session and sender to the page at a time
        self._dirty: set[str] = set()
        self._moved = False
        self._changed: set[int] = set()
        self._warnings: list[tuple[str, str]] = []
        self._preview: dict[str, Any] | None = None
        self._dirty_lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._last_flush = 0.0
        self._seq = 0
        self._live = True
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="datacrafter-widget")
        points = session.map_points()
        self._known, self._flagged = points["id"], _flagged(points)
        tables = {name: self._table(name) for name in TABLES}
        self._sent = dict(tables)
        super().__init__(
            panels=list(panels),
            height=height,
            theme=theme,
            points=encode_points(points, 0),
            **tables,
            **layout,
        )
        self.on_msg(self._on_message)
        self._unsubscribe = session.events.subscribe(self._on_event)
        # What happened between the first reading and the subscription is caught up with now.
        self._touch(*TABLES, "points")

    def close(self) -> None:
        """Take the widget off the page and stop following the session. The session stays open."""
        if not self._live:
            return
        self._live = False
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()
        self._readers.shutdown(wait=False, cancel_futures=True)
        super().close()

    # -- session → page ------------------------------------------------------------------------------

    def _on_event(self, event: dict[str, Any]) -> None:
        """Note what changed. Called on any thread, perhaps under the session's locks: reads nothing."""
        kind = event["kind"]
        with self._dirty_lock:
            self._moved |= kind in {"map", "classes"}
            if kind == "hidden":
                self._changed.update(event["ids"])
            if kind == "warning":
                self._warnings.append((event.get("where", "map"), event["message"]))
            if kind == "preview":
                self._preview = event
        touched = _TOUCHED.get(kind, ())
        ended = kind == "job" and event["job"]["state"] not in {"queued", "running"}
        self._touch(*touched, *(("info",) if ended else ()))

    def _touch(self, *names: str) -> None:
        with self._dirty_lock:
            if not self._live or not names:
                return
            self._dirty.update(names)
            if self._timer is None:
                wait = max(0.01, INTERVAL - (time.monotonic() - self._last_flush))
                self._timer = threading.Timer(wait, self._flush)
                self._timer.daemon = True
                self._timer.start()

    def _flush(self) -> None:
        """Tell the page what changed, on a thread of its own: it works while a cell is running."""
        with self._dirty_lock:
            names, self._dirty = self._dirty, set()
            changed, self._changed = self._changed, set()
            moved, self._moved = self._moved, False
            warnings, self._warnings = self._warnings, []
            preview, self._preview = self._preview, None
            self._timer = None
            self._last_flush = time.monotonic()
        try:
            with self._line:
                if not self._live:
                    return
                for where, message in warnings:
                    self._say({"type": "warning", "where": where, "message": message})
                if "points" in names:
                    self._send_points(moved=moved, changed=changed, reflagged="flags" in names)
                tables = {name: self._table(name) for name in TABLES if name in names}
                tables = {name: table for name, table in tables.items() if table != self._sent.get(name)}
                if tables:
                    self._sent.update(tables)
                    self._send_live({"type": "state", "tables": tables})
                if preview is not None:
                    self._say(*encode_preview(preview))
        except Exception as error:
            if self._live:  # a session that was closed meanwhile has nothing to tell
                _log.debug("the widget could not read the session", exc_info=True)
                self._say({"type": "error", "id": None, "where": "", "message": _in_words(error)})
            return
        self._fold_soon()

    def _send_points(self, *, moved: bool, changed: set[int], reflagged: bool) -> None:
        last = int(self._known[-1]) if len(self._known) else 0
        if moved:
            points = self._session.map_points()
            self._known, self._flagged = points["id"], _flagged(points)
            self._send_live({"type": "replace"}, points)
            return
        new = self._session.map_points(after_id=last)
        if len(new["id"]):
            start = len(self._known)
            self._known = np.concatenate([self._known, new["id"]])
            self._send_live({"type": "append", "start": start, "count": len(new["id"])}, new)
        if changed or reflagged:
            points = self._session.map_points()
            rows = np.isin(points["id"], list(changed))
            if reflagged:
                was, self._flagged = self._flagged, _flagged(points)
                rows |= np.isin(points["id"], np.setxor1d(was, self._flagged))
            if rows.any():
                points = {name: column[rows] for name, column in points.items()}
                self._send_live({"type": "update", "count": int(rows.sum())}, points)

    def _send_live(self, message: dict[str, Any], points: dict[str, Any] | None = None) -> None:
        self._seq += 1
        buffers = [] if points is None else [encode_points(points, self._seq)]
        self._say({**message, "seq": self._seq}, buffers)

    def _say(self, message: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        if self._live and self.comm is not None:
            self.send(message, list(buffers))

    # -- traits: what a saved notebook and a reloaded page start from --------------------------------

    def _fold_soon(self) -> None:
        """Take the live state into the traits once no job is running, on the kernel's own thread."""
        if any(job["state"] in {"queued", "running"} for job in self._session.job_table()):
            return
        loop = _kernel_loop()
        if loop is None:
            self._fold()
        else:
            loop.add_callback(self._fold)

    def _fold(self) -> None:
        with self._line:
            if not self._live:
                return
            try:
                points = encode_points(self._session.map_points(), self._seq)
                tables = {name: self._table(name) for name in TABLES}
            except Exception:
                _log.debug("the widget could not read the session", exc_info=True)
                return
            with self.hold_sync():
                self.points = points
                for name, table in tables.items():
                    setattr(self, name, table)

    def _table(self, name: str) -> Any:
        read = {
            "info": self._session.info,
            "labels": self._session.label_table,
            "label_tree": self._session.label_tree,
            "metrics": self._session.metric_table,
            "templates": self._session.template_table,
            "proposals": self._session.proposal_table,
            "jobs": self._session.job_table,
            "history": self._session.history,
        }[name]
        table = plain(read())
        if name == "history":
            return {"undo": table["undo"], "redo": table["redo"]}
        return table[-50:] if name == "jobs" else table

    # -- page → session ------------------------------------------------------------------------------

    def _on_message(self, _: Any, message: Any, __: Any) -> None:
        if not isinstance(message, dict) or "id" not in message:
            return
        slow = message.get("type") in SLOW
        if slow and self._live:
            self._readers.submit(self._answer, message)
        else:
            self._answer(message)

    def _answer(self, message: dict[str, Any]) -> None:
        request = message["id"]
        try:
            name, arguments = check_request(message)
            if name == "hello":
                self._greet(request, arguments["seq"])
                return
            result, buffers = answer(self._session, name, arguments)
            self._say({"type": "reply", "id": request, "result": plain(result)}, buffers)
        except Exception as error:
            if not isinstance(error, DataCrafterError):
                _log.exception("the request %r failed", message.get("type"))
            where = str(message.get("where", ""))
            self._say({"type": "error", "id": request, "where": where, "message": _in_words(error)})

    def _greet(self, request: Any, seq: int) -> None:
        """Bring a page that has just opened, or that missed a message, up to date."""
        with self._line:
            if seq == self._seq:
                self._say({"type": "reply", "id": request, "result": {"seq": seq, "tables": None}})
                return
            points = self._session.map_points()
            tables = {name: self._table(name) for name in TABLES}
            reply = {"seq": self._seq, "tables": tables}
            self._say({"type": "reply", "id": request, "result": reply}, [encode_points(points, self._seq)])


def _flagged(points: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    return points["id"][points["flagged"] > 0]


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, DataCrafterError) else f"{type(error).__name__}: {error}"


def _kernel_loop() -> Any:
    """The event loop of the kernel that we run in, or None."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return getattr(getattr(shell, "kernel", None), "io_loop", None)
