"""Work in a fork of this process: what it imports and allocates is gone with it, and nothing has to be started anew."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.masking import concealed


@dataclass(frozen=True, slots=True)
class Fork:
    """A child that works and then says one thing."""

    pid: int
    said: int  #: a descriptor: readable when it has spoken or ended

    def answer(self, interrupt: int, meanwhile: Callable[[], None] | None = None) -> str | None:
        """What it said, '' when it ended without a word; None when `interrupt` became readable, which ends it.

        `meanwhile` is called each second.
        """
        ready: list[int] = []
        while not ready:
            ready, _, _ = select.select([self.said, interrupt], [], [], 1.0 if meanwhile else None)
            if meanwhile and not ready:
                meanwhile()
        if interrupt in ready:
            os.kill(self.pid, signal.SIGTERM)
        text = self._word()
        return None if interrupt in ready else text

    def heard(self) -> str | None:
        """What it said, '' when it ended without a word; None while it works. Once it answered it must not be asked."""
        ready, _, _ = select.select([self.said], [], [], 0)
        return self._word() if ready else None

    def end(self) -> None:
        """Have it end, and forget what it had to say."""
        os.kill(self.pid, signal.SIGTERM)
        os.close(self.said)
        os.waitpid(self.pid, 0)

    def _word(self) -> str:
        with open(self.said) as file:
            text = file.read()
        os.waitpid(self.pid, 0)
        return text


def fork(work: Callable[[], str]) -> Fork:
    """Do `work` in a child of the same process group. Only for a process without threads.

    The child ends at once on SIGTERM and SIGINT, and with its parent, also one that is killed. An error in it is
    written to stderr, and it ends without a word.
    """
    reading, writing = os.pipe()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Fork(pid, reading)
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        end_with(parent)
        os.close(reading)
        os.write(writing, work().encode())
        code = 0
    except Exception:  # noqa: BLE001 — the outer boundary of the child
        sys.stderr.write(concealed(traceback.format_exc()))
    finally:
        sys.stderr.flush()
        os._exit(code)


def end_with(parent: int) -> None:
    """Have this process killed by the kernel when its parent ends, however it ends (Linux, prctl(2))."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 — in the child alone

    ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)  # it ended in between
