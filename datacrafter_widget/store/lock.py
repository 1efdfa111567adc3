"""The lock that keeps a session folder to one writer. The operating system drops it when the process dies."""

import os
import sys
import weakref
from pathlib import Path

from datacrafter_widget.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_WINDOWS_LOCKED_BYTE = 1 << 30
"""Windows locks are mandatory: a byte far behind the text is locked, so that others can read who holds it."""


class FolderLock:
    """Holds the file ``path`` locked from construction to `release`.

    Raises:
        StoreError: Another `FolderLock`, of this process or another one, holds it.
    """

    def __init__(self, path: Path) -> None:
        # Unbuffered, and without truncation: the text is the holder's until the lock is ours.
        self._file = path.open("a+b", buffering=0)
        try:
            _lock(self._file.fileno())
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read(32).decode("ascii", "replace").strip()
            self._file.close()
            raise StoreError(_refusal(path, holder, error)) from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n".encode())
        _close_in_forked_children(self)

    def release(self) -> None:
        """Let others write. May be called twice."""
        if not self._file.closed:
            self._file.truncate(0)
            self._file.close()

    def _abandon(self) -> None:
        self._file.close()


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, _WINDOWS_LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _close_in_forked_children(lock: FolderLock) -> None:
    """Keep a forked worker (a data loader's, say) that outlives a killed kernel from holding its lock."""
    if hasattr(os, "register_at_fork"):
        reference = weakref.ref(lock)

        def abandon() -> None:
            if (held := reference()) is not None:
                held._abandon()  # noqa: SLF001

        os.register_at_fork(after_in_child=abandon)


def _refusal(path: Path, holder: str, error: OSError) -> str:
    if isinstance(error, (BlockingIOError, PermissionError)):
        who = f"process {holder}" if holder else "another process"
        if holder == str(os.getpid()):
            who = f"this same process ({holder})"
        return (
            f"expected the session folder {path.parent} to be free, but {who} has it open for writing."
            " Close it there (session.close(), or shut that kernel down), or open it with read_only=True."
        )
    return (
        f"expected a file system that can lock files, but locking {path} failed: {error}."
        " Keep the session folder on a local disk."
    )
