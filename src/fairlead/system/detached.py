"""Work in a fork of this process that goes on when this one is gone, or that ends with it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fairlead.masking import concealed
from fairlead.system.forks import end_with

FIRST = 3  #: the first descriptor that is not one of the standard ones
MOST = 1024  #: descriptors looked through


@dataclass(frozen=True, slots=True)
class Beside:
    """A child that ends with us; `said` is a descriptor with what it writes."""

    pid: int
    said: int

    def signal(self, number: signal.Signals) -> None:
        """Tell it; nothing when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self) -> None:
        """Have it end, and wait for that."""
        self.signal(signal.SIGTERM)
        os.close(self.said)
        os.waitpid(self.pid, 0)


def beside(work: Callable[[int], None]) -> Beside:
    """Do `work` in a child, which gets the descriptor it writes to. Only for a process without threads."""
    reading, writing = os.pipe()
    _flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Beside(pid, reading)
    os.close(reading)
    end_with(parent)
    _perform(lambda: work(writing), {writing}, None)
    raise AssertionError("it has ended")


def detached(work: Callable[[Callable[[], None]], None], log: Path) -> int:
    """Do `work` in a process with a session of its own, which no end of ours ends; its process id.

    `work` gets a function to call when it has begun: until then this waits. Its output and errors go to `log`. 0 when
    it ended before it had begun. Only for a process without threads.
    """
    reading, writing = os.pipe()
    _flush()
    middle = os.fork()
    if not middle:
        os.close(reading)
        os.setsid()
        if os.fork():
            os._exit(0)

        def begun() -> None:
            os.write(writing, str(os.getpid()).encode())
            os.close(writing)

        _perform(lambda: work(begun), {writing}, log)
    os.close(writing)
    os.waitpid(middle, 0)
    with open(reading, "rb") as said:
        return int(said.read() or b"0")


def _perform(work: Callable[[], None], kept: set[int], log: Path | None) -> None:
    """In the child, which never returns from here."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _let_go(kept, log)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 — the outer boundary of the child
        with contextlib.suppress(OSError):
            os.write(2, concealed(traceback.format_exc()).encode())
    finally:
        os._exit(code)


def _let_go(kept: set[int], log: Path | None) -> None:
    """Hold nothing of our parent's: who waits for the end of a pipe must not wait for us."""
    nothing = os.open(os.devnull, os.O_RDWR)
    said = nothing if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(said, 1)
    os.dup2(said, 2)
    for descriptor in range(FIRST, MOST):
        if descriptor not in kept:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
