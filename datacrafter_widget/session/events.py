"""What happens in a session, told to whoever listens (a widget, a script, a test)."""

import logging
import threading
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]
Listener = Callable[[Event], None]

_log = logging.getLogger(__name__)


class Events:
    """A list of listeners. An event is a dict whose ``"kind"`` says what changed; see `Session.events`."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event, on the thread where it happens; returns the way to stop."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def emit(self, kind: str, **details: Any) -> None:
        """Tell every listener; one that fails is logged and does not keep the others from hearing."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener({"kind": kind, **details})
            except Exception:
                _log.exception("a listener failed on the event %r", kind)
