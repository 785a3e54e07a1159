"""A lock the operating system releases: flock(2) on a file that says who holds it.

Killing the holder frees it, so there is no stale lock, no lease and no command to break one. The owner's text in the
file is for the message another one gets, and says whether the holder needs it for a moment only, so that others bear
with it; whether the lock is held is never read from it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fairlead.errors import Busy

FOR_A_MOMENT = ", for a moment"  #: ends the text of an owner who gives it back soon, without being asked
GLANCE = 0.2  #: seconds in which a text may be that of the holder before, or the lock be looked at and not held


def is_brief(owner: str) -> bool:
    """Whether a holder said that it gives it back soon, or has not said yet who it is."""
    return not owner or owner.endswith(FOR_A_MOMENT)


class FileLock:
    """One process at a time holds `path`. Not re-entrant. The file stays; removing it would let two in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, owner: str, blocking: bool = False, shared: bool = False) -> bool:
        """Take the lock and write `owner` into the file; False when it is held and `blocking` is off.

        Several may hold it `shared`, and nobody else meanwhile.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, mode | (0 if blocking else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self.sign(owner)
        return True

    def sign(self, owner: str) -> None:
        """Write into the file who holds it, when what it is held for has changed; nothing when it is not held."""
        if self._descriptor is None:
            return
        # A full disk must not keep anybody from taking the lock.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, owner.encode(), 0)

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def owner(self) -> str:
        """What the present or last holder wrote; empty when nothing is known."""
        try:
            return self.path.read_text()
        except FileNotFoundError:
            return ""

    def held(self) -> bool:
        """Whether anybody holds it now."""
        if self._descriptor is not None:
            return True
        return not self._free()

    def _free(self) -> bool:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True


@contextlib.contextmanager
def held_lock(
    path: Path,
    owner: str,
    what: str,
    wait: float = 0.0,
    waiting: Callable[[str], None] | None = None,
    shared: bool = False,
    moment: float = 0.0,
) -> Iterator[FileLock]:
    """Hold `path` for the block; waits up to `wait` seconds, tells `waiting` whom for, then raises Busy.

    `moment`: seconds it waits at least for a holder that needs it for a moment only.
    """
    lock, begun, told = FileLock(path), time.monotonic(), False
    while not lock.acquire(owner, shared=shared):
        holder, waited = lock.owner(), time.monotonic() - begun
        held = f"{what} is held by {holder or 'another process'}"
        if waited >= max(wait, moment if is_brief(holder) else min(moment, GLANCE)):
            raise Busy(held, "wait for it to end, or use --wait")
        if waiting and not told and waited >= GLANCE:
            waiting(f"{held}; waiting")
            told = True
        time.sleep(0.02)  # flock has no timed wait
    try:
        yield lock
    finally:
        lock.release()


@contextlib.contextmanager
def held_folder(folder: Path, what: str, wait: float = 10.0) -> Iterator[None]:
    """Hold a folder for the block: for short writes where no lock file should lie. Busy after `wait` seconds."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    deadline = time.monotonic() + wait
    try:
        while not _taken(descriptor):
            if time.monotonic() >= deadline:
                raise Busy(f"{what} is being written by another process", "wait for it to end, then run this again")
            time.sleep(0.02)  # flock has no timed wait
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
