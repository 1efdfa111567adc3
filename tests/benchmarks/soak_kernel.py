"""What the soak runs inside the kernel: a session's whole life, what goes wrong, and what memory it takes."""

import gc
import logging
import re
import shutil
import sys
import threading
from pathlib import Path

import psutil

from datacrafter_widget import Session

SHOWN = 2000


class Trouble(logging.Handler):
    """Exceptions that nobody caught, and what the kernel's own log calls an error."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.found = []
        logging.getLogger().addHandler(self)
        for name in ("asyncio", "tornado.application", "datacrafter_widget"):
            logging.getLogger(name).addHandler(self)
        threading.excepthook = lambda told: self.add("thread", told.exc_value)
        sys.unraisablehook = lambda told: self.add("unraisable", told.exc_value)

    def emit(self, record):
        said = record.getMessage() + (f": {record.exc_info[1]!r}" if record.exc_info else "")
        self.add(record.name, said)

    def add(self, where, what):
        said = f"{where}: {what if isinstance(what, str) else repr(what)}"[:SHOWN]
        if said not in self.found[-2:]:  # a record goes to its logger and to the root
            self.found.append(said)


class Lives:
    """Sessions one after the other, each in a new folder from the same originals."""

    def __init__(self, originals, folder):
        self.trouble = Trouble()
        self.number = 0
        self.session = None
        self._originals, self._folder = originals, Path(folder)

    def begin(self):
        """Open a session on the originals, and wait until they were looked at."""
        self.number += 1
        path = self._folder / f"session-{self.number}"
        self.session = Session.open(path, images=self._originals, batch_size=4, seed=self.number)
        self.session.observe().result(quiet=True)
        return self.session

    def end(self):
        """Close the session and take its folder away; what was wrong with its store."""
        problems = self.session._store.integrity_check(deep=True)
        path = self.session._store.folder
        self.session.close()
        self.session = None
        shutil.rmtree(path)
        return problems

    def generated(self, count):
        """The latest generated pictures of a class that has so many."""
        latest = {}
        for picture in self.session.pictures(origin="generated"):
            latest.setdefault(picture.class_id, []).append(picture.id)
        return next(ids[-count:] for ids in latest.values() if len(ids) >= count)

    def sample(self):
        """Wait for what goes on in the background; memory, objects and troubles of this process."""
        self.session.verdict()
        for _ in range(3):
            gc.collect()
        memory = psutil.Process().memory_full_info()
        failed = [
            f"job {row['name']}: {row['error']}"
            for row in self.session.job_table()
            if row["state"] == "failed"
        ]
        return {
            "kernel_rss": memory.rss,
            "kernel_pss": memory.pss,
            "kernel_uss": memory.uss,
            "objects": len(gc.get_objects()),
            "threads": threading.active_count(),
            "thread_names": sorted(
                re.sub("[0-9a-f-]{6,}|[0-9]+", "#", each.name) for each in threading.enumerate()
            ),
            "files": psutil.Process().num_fds(),
            "pictures": len(self.session.pictures(include_hidden=True)),
            "trouble": [*self.trouble.found, *failed],
        }
