"""A limit on how long something may take that sets itself none, or keeps none."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn


class Expired(BaseException):
    """The time is over. No Exception, so that nothing on the way takes it for one of its own."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise Expired in the block after so many seconds (SIGALRM). Only in a main thread, and not one in another."""

    def over(number: int, frame: FrameType | None) -> NoReturn:
        raise Expired

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # and again, should a `finally` on the way take long
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
