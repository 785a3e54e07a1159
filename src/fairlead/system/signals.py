"""Ctrl-C, SIGTERM and a lost terminal while something is under way that can be undone.

The first signal becomes one KeyboardInterrupt, which the executor answers by taking everything back. A second one
ends the process at once: everything is in the journal, so the keeper or the next command finishes the work.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST = "\nstopping: what was done is taken back, unless it is live already; once more to leave it to the keeper\n"
FIRST_AS_IT_IS = "\nstopping: nothing is taken back\n"
FIRST_ELSEWHERE = "\nstopping: what was done is taken back there; once more to leave it alone\n"
SECOND = "\nleft as it is: the keeper, or the next command, finishes within seconds\n"
SECOND_AS_IT_IS = "\nended at once\n"
SHOW_CURSOR = "\x1b[?25h"  #: progress on a terminal hides it
EXIT = 130


@contextmanager
def undone_on_signals(first: str = FIRST, second: str = SECOND) -> Iterator[None]:
    """For the block: as the module says. Signals the caller was told to ignore (nohup) stay ignored.

    `first` and `second`: what is said to a person at each.
    """
    seen: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            _write(second)
            os._exit(EXIT)
        _write(first)
        raise KeyboardInterrupt

    with _handled(handle):
        yield


class Left(Exception):
    """Whoever was asked to wait does not wait any more."""


@contextmanager
def carried_over(interrupt: Callable[[], None], quiet: bool = False) -> Iterator[None]:
    """For the block, which waits for work on another machine: the first Ctrl-C or SIGTERM is told there by `interrupt`.

    A second one raises Left, and so does the end of the terminal: the work there goes on. `quiet`: nothing is said.
    """
    seen: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if number == signal.SIGHUP or len(seen) > 1:
            raise Left
        if not quiet:
            _write(FIRST_ELSEWHERE)
        interrupt()

    with _handled(handle):
        yield


@contextmanager
def ended_on_signals() -> Iterator[None]:
    """For the block: SIGTERM and a lost terminal are a KeyboardInterrupt too."""

    def handle(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    others = (signal.SIGTERM, signal.SIGHUP)
    before = {one: signal.signal(one, handle) for one in others}
    try:
        yield
    finally:
        for one in others:
            signal.signal(one, before[one])


@contextmanager
def _handled(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """All three go to `handle`, but those that the caller was told to ignore (nohup)."""
    before = {one: signal.getsignal(one) for one in SIGNALS}
    taken = [one for one in SIGNALS if before[one] != signal.SIG_IGN]
    for one in taken:
        signal.signal(one, handle)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, before[one])


def _write(text: str) -> None:
    """Straight to stderr: a handler may have interrupted whoever holds Python's buffer."""
    with suppress(OSError):
        os.write(2, (text + (SHOW_CURSOR if os.isatty(2) else "")).encode())
