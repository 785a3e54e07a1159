"""The keeper: a small loop that looks after one environment, under the environment's supervisord.

It and supervisord watch each other: supervisord restarts a dead keeper, and a keeper that finds supervisord dead
starts a new one, hands over to the keeper that runs there, and ends.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from types import FrameType

from fairlead.operations.environment import existing, owner_text
from fairlead.operations.housekeeping import Housekeeping
from fairlead.operations.keeper import have_keeper, is_keeper
from fairlead.rollout.events import Event
from fairlead.supervisor.supervisor import Supervisor
from fairlead.system import clock, processes
from fairlead.system.home import Place
from fairlead.system.lock import FileLock

ROUND = 1.0  #: seconds between two rounds


def serve(place: Place) -> None:
    """Keep the environment until told to stop. One keeper at a time: a second one waits for the first to end."""
    lock = FileLock(place.root / "keeper.lock")
    lock.acquire(owner_text("fairlead serve"), blocking=True)
    wake = _wake_on_signals()
    with existing(place, log) as environment:
        log(Event("note", f"keeping {place.project}/{place.environment}"))
        housekeeping = Housekeeping(environment)
        supervised = is_keeper(place)
        while not _wait(wake, place):
            if supervised and not environment.state.stopped and not Supervisor(place).alive():
                _succeed(place, lock)
                return
            housekeeping.round()


def _succeed(place: Place, lock: FileLock) -> None:
    """supervisord is dead: start another, have a keeper there, and make room for it."""
    log(Event("note", "supervisord is gone; starting another"))
    Supervisor(place).start()
    have_keeper(place)
    lock.release()


def _wake_on_signals() -> int:
    """A pipe that becomes readable when the keeper is told to end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def end(number: int, frame: FrameType | None) -> None:
        os.write(writing, b".")

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return reading


def _wait(wake: int, place: Place) -> bool:
    """Sleep a round; True when told to end.

    A death is noticed at once: supervisord itself looks at its children only once a second unless it is asked.
    """
    watched = [descriptor for pid in _pids(place) if (descriptor := processes.watch(pid)) is not None]
    try:
        ready, _, _ = select.select([wake, *watched], [], [], ROUND)
    finally:
        for descriptor in watched:
            os.close(descriptor)
    if ready and wake not in ready:
        Supervisor(place).wake()
    return wake in ready


def _pids(place: Place) -> list[int]:
    """Everything supervisord looks after here, the keeper itself left out."""
    return [state.pid for state in Supervisor(place).programs().values() if state.pid not in (0, os.getpid())]


def log(event: Event) -> None:
    """One line on stderr, which is the keeper's log."""
    if event.kind not in ("watch", "step"):
        sys.stderr.write(f"{clock.stamp()} {event.kind}: {event.text}\n")
        sys.stderr.flush()
