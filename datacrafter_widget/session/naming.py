"""Names of label groups, asked for beside the jobs: the map never waits for a language model."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from datacrafter_widget.jobs import Job
from datacrafter_widget.labels.hierarchy import LabelTree
from datacrafter_widget.labels.naming import name_groups
from datacrafter_widget.models.language import LanguageModel
from datacrafter_widget.session.events import Events

Labels = tuple[str, ...]

PATIENCE = 15.0
"""Seconds that a job waits for the names. They are put in whenever they come."""

_log = logging.getLogger(__name__)


class GroupNamer:
    """Asks a language model for the groups' names, once for every set of labels.

    Args:
        language: the model, or None: groups are then called by their most central label.
        events: told ``labels`` when names arrived, ``warning`` when none will.
        arrived: called with names for a set of labels, on the thread that asked.
    """

    def __init__(
        self,
        language: LanguageModel | None,
        events: Events,
        arrived: Callable[[Labels, dict[int, str]], None],
    ) -> None:
        self._language = language
        self._events = events
        self._arrived = arrived
        self._known: dict[Labels, dict[int, str]] = {}
        self._asking: dict[Labels, threading.Thread] = {}
        self._lock = threading.Lock()
        self._problem = ""  # why the last question has no answer
        self._closed = False

    def named(self, tree: LabelTree) -> LabelTree:
        """The tree with the names that are known for its labels already."""
        return tree.renamed(self._known.get(labels_of(tree), {}))

    def ask(self, tree: LabelTree) -> None:
        """Start asking for the groups' names, unless they are known or on their way."""
        labels = labels_of(tree)
        language = self._language
        with self._lock:
            if labels in self._asking:
                return
            self._problem = ""
            if language is None or self._closed or labels in self._known:
                return
            thread = threading.Thread(
                target=self._ask, args=(language, tree, labels), name="datacrafter group names", daemon=True
            )
            self._asking[labels] = thread
        thread.start()

    def wait(self, job: Job[Any], tree: LabelTree) -> None:
        """Let a job wait a little for the names; it can be cancelled, and interactive jobs go first.

        Raises:
            JobCancelled: the job was cancelled. The names come all the same.
        """
        thread = self._asking.get(labels_of(tree))
        deadline = time.monotonic() + PATIENCE
        while thread is not None and thread.is_alive() and time.monotonic() < deadline:
            job.update(message="naming the groups of words")
            job.checkpoint()
            thread.join(0.05)
        if self._problem:
            job.update(message=self._problem)

    def close(self) -> None:
        """Ask no more, and forget what is on its way."""
        with self._lock:
            self._closed = True

    def _ask(self, language: LanguageModel, tree: LabelTree, labels: Labels) -> None:
        try:
            names = name_groups(tree, language)
            with self._lock:
                self._known[labels], self._problem = names, ""
            if not self._closed:
                self._arrived(labels, names)
        except Exception as error:
            if not self._closed:
                self._problem = f"groups of words keep the name of their most central word: {error}"
                _log.warning(self._problem)
                self._events.emit("warning", where="map", message=self._problem)
        finally:
            with self._lock:
                self._asking.pop(labels, None)


def labels_of(tree: LabelTree) -> Labels:
    """The labels of a tree, in order: the same ones have the same groups, as long as the encoder is the same."""
    return tuple(tree.names[: tree.n_leaves])
