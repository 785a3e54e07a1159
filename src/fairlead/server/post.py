"""The keeper's post: a fork that sends word runs beside everything else, and is never waited for."""

from __future__ import annotations

import contextlib
import json
import time

from fairlead.operations.notify.stamp import Done, Stamp, stamp
from fairlead.server.verdict import say
from fairlead.system.forks import Fork, fork
from fairlead.system.home import Place

AGAIN = 30.0  #: seconds until a fork that ended without a word is followed by another


class Post:
    """Of one environment. One fork at a time; it ends with the keeper, also with one that is killed."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._fork: Fork | None = None
        self._handled: Stamp = []  #: what the ledger looked like when the last fork read it
        self._due: float | None = None  #: when to try again what failed, monotonic

    def look(self) -> None:
        """See what became of the fork, and begin one when there may be something to send. Takes microseconds."""
        if self._fork is not None:
            word = self._fork.heard()
            if word is None:
                return
            self._fork = None
            self._ended(word)
        now = stamp(self.place)
        if now and (time.monotonic() >= self._due if self._due is not None else now != self._handled):
            with contextlib.suppress(OSError):  # no process to be had now: the next look tries again
                self._fork = fork(self._work)

    def _ended(self, word: str) -> None:
        done: Done = {"stamp": [], "again": AGAIN}
        with contextlib.suppress(ValueError):  # it was killed in the middle of the word
            done = json.loads(word)
        self._handled = done["stamp"]
        self._due = None if done["again"] is None else time.monotonic() + done["again"]
        if not word:
            say("sending word failed; again in a while")

    def _work(self) -> str:
        from fairlead.operations.notify.carrier import Pace  # noqa: PLC0415 — loaded in the fork alone
        from fairlead.operations.notify.rounds import carry_all  # noqa: PLC0415

        return carry_all(self.place, Pace())

    def end(self) -> None:
        """End the fork. What was under way is sent by the next keeper."""
        if self._fork is not None:
            self._fork.end()
            self._fork = None
