"""When a store that reads its certificate only as it starts is started anew for another one. Pure.

A certificate is made anew while a third of its life is left, a month, so that nothing presses: who uses the store loses
it for a moment at an hour that was said before, and only where no such hour came at last at any other.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal

Reading = Literal["read", "old", "unknown"]
"""What became of a newer certificate: it counts, or will for the next connection; the one before is still shown, and
trusted, as far as anybody can tell; what is shown is trusted by nobody, so that nothing is lost by a start anew."""

PATIENCE = timedelta(days=20)  #: from the day on which the newer one was made, of the 30 that the one before had left


def may_restart(window: str, made: datetime, now: datetime) -> bool:
    """Whether it may be started anew now. `window`: `02:00-05:00` of the machine's own time; the times have zones."""
    return now - made > PATIENCE or within(window, now.astimezone().time())


def within(window: str, moment: time) -> bool:
    """Whether it is in there; one that ends before it begins goes over midnight."""
    begins, ends = (time.fromisoformat(text) for text in window.split("-"))
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends
