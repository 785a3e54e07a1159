"""All receivers: a process for each that has something to get, until a while after the last one got it."""

from __future__ import annotations

import json
import select
import sys
import time

from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.masking import concealed
from fairlead.operations.notify import bookmark
from fairlead.operations.notify.address import receivers
from fairlead.operations.notify.carrier import Carrier, Pace
from fairlead.operations.notify.stamp import Done, Stamp, stamp
from fairlead.system import clock
from fairlead.system.forks import Fork, fork
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

LINGER = 2.0  #: seconds; a deployment writes entry after entry
LOOK = 0.25  #: seconds between two looks at the ledger's file
RETRY = 30.0  #: seconds until what ended with an error is tried again


def carry_all(place: Place, pace: Pace) -> str:
    """Bring everybody everything. `Done` as JSON.

    One at a time: what a killed keeper left running (where the kernel does not end it too) goes first.
    """
    lock = FileLock(place.notify / "lock")
    if not lock.acquire("", blocking=False):
        return json.dumps(Done(stamp=[], again=RETRY))
    try:
        return json.dumps(_Rounds(place, pace).run())
    finally:
        lock.release()


class _Rounds:
    """The ledger is never open here while a process begins: SQLite must not be carried through a fork."""

    def __init__(self, place: Place, pace: Pace) -> None:
        self.place = place
        self.pace = pace
        self.running: dict[str, Fork] = {}
        self.failed = False
        self.seen: Stamp = []
        self.head = 0

    def run(self) -> Done:
        quiet_since = time.monotonic()
        while self.running or time.monotonic() - quiet_since < LINGER:
            if self._look():
                quiet_since = time.monotonic()
            self._begin()
            self._wait()
            if self.failed and not self.running:
                break
        return {"stamp": self.seen, "again": RETRY if self.failed else None}

    def _look(self) -> bool:
        """Whether the ledger has grown."""
        now = stamp(self.place)
        if now == self.seen:
            return False
        self.seen, before = now, self.head
        with Ledger.open(self.place.ledger) as ledger:
            self.head = ledger.head().size
        return self.head != before

    def _begin(self) -> None:
        for one in receivers(self.place):
            mark = bookmark.load(self.place, one.id, one.since, self.head)
            if one.id not in self.running and mark.after < self.head and not self.failed:
                self.running[one.id] = fork(lambda id=one.id: _carry(self.place, id, self.pace))  # type: ignore[misc]

    def _wait(self) -> None:
        """A moment; who has ended meanwhile is taken leave of."""
        select.select([one.said for one in self.running.values()], [], [], LOOK)
        for id, one in list(self.running.items()):
            word = one.heard()
            if word is not None:
                del self.running[id]
                self.failed = self.failed or not word


def _carry(place: Place, receiver: str, pace: Pace) -> str:
    try:
        Carrier(place, receiver, pace).carry()
    except (FairleadError, OSError) as error:
        sys.stderr.write(f"{clock.stamp()} {receiver} could not be told: {concealed(str(error))}\n")
        return ""
    return "done"
