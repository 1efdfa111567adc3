"""A process that has imported and loaded everything, and forks for each piece of work: killed at no great cost.

Twenty fresh Pythons would load torch twenty times.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = ("apple", "crane")
"""What sessions of the tests that fork are about."""
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


class Forked:
    """The prepared process; `start` forks it and runs code there.

    The code finds `args`, a toybox `generator` and `encoder` that are loaded, and `say(*words)`, whose line has
    left the process when it returns.
    """

    def __init__(self) -> None:
        lines, said = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(said)],
            stdin=subprocess.PIPE,
            text=True,
            pass_fds=[said],
            env={**os.environ, **_ENVIRONMENT},
        )
        os.close(said)
        self._lines = os.fdopen(lines, encoding="utf-8")

    def start(self, code: str, *args: object) -> Child:
        """Fork, and run the code in the child with these arguments (of JSON values)."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([code, args]) + "\n")
        self._process.stdin.flush()
        kind, _, pid = self._lines.readline().strip().partition(" ")
        assert kind == "started", "the prepared process has died"
        return Child(int(pid), self._lines)

    def run(self, code: str, *args: object) -> list[list[str]]:
        """Run the code to its end; what it said."""
        child = self.start(code, *args)
        said = list(child.said())
        assert child.status == 0, said
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._lines.close()


class Child:
    """One fork.

    Attributes:
        pid: its process.
        status: its return code once it is over; -9 when it was killed.
    """

    def __init__(self, pid: int, lines: Iterator[str]) -> None:
        self.pid = pid
        self.status: int | None = None
        self._lines = lines
        self._guard = threading.Lock()  # a process id that is free may be another's

    def said(self) -> Iterator[list[str]]:
        """What it says, word by word, as it comes."""
        for line in self._lines:
            words = line.split()
            if words[0] == "over":
                with self._guard:
                    self.status = int(words[1])
                return
            yield words[1:]

    def kill(self) -> None:
        """kill -9, unless it is over."""
        with self._guard:
            if self.status is None:
                os.kill(self.pid, signal.SIGKILL)


def _serve(said: int) -> None:
    import scipy.cluster  # noqa: F401 - as much as can be is imported before the forks
    import torch
    from PIL import Image

    Image.init()
    torch.set_num_threads(1)
    from datacrafter_widget.models.diffusers_generator import DiffusersGenerator
    from datacrafter_widget.models.encoder import OpenClipEncoder
    from datacrafter_widget.session import Session  # noqa: F401

    generator = DiffusersGenerator("toybox", device="cpu")
    generator.load()
    encoder = OpenClipEncoder("toybox", device="cpu")
    encoder.encode_texts(["a photo of a fish"])

    def say(*words: object) -> None:
        os.write(said, (" ".join(map(str, ("said", *words))) + "\n").encode())

    for line in sys.stdin:
        code, args = json.loads(line)
        pid = os.fork()
        if pid == 0:
            scope = {"args": args, "generator": generator, "encoder": encoder, "say": say}
            try:
                exec(code, scope)  # noqa: S102 - our own tests'
            except BaseException:
                import traceback

                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        os.write(said, f"started {pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        os.write(said, f"over {os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
