"""Rounds of housekeeping, one after the other until nothing is left that is due soon."""

from __future__ import annotations

from fairlead.operations.environment import Environment, existing
from fairlead.operations.housekeeping import Housekeeping
from fairlead.operations.keeper import have_keeper
from fairlead.rollout.events import Event
from fairlead.server.signs import Signs, wait
from fairlead.server.verdict import Memory, Verdict, say
from fairlead.supervisor.supervisor import Supervisor
from fairlead.system.home import Place

SOON = 3.0  #: seconds; for what is due sooner it is not worth ending


def rounds(place: Place, supervised: bool, memory: Memory) -> Verdict:
    """Do them. `supervised` says whether this keeper runs under the environment's supervisord."""
    with existing(place, _log) as environment:
        signs, ledger = Signs(place), place.ledger.stat().st_ino
        housekeeping = Housekeeping(environment, memory["not_before"], memory["patience"])
        while True:
            if supervised and _must_succeed(environment):
                _succeed(place)
                return {"due": 0.0, "end": True, "memory": memory}
            if place.ledger.stat().st_ino != ledger:
                return {"due": 0.0, "end": False, "memory": memory}  # it is another one now: what was read is history
            housekeeping.round()
            due = housekeeping.due()
            if due > SOON:
                return {"due": due, "end": False, "memory": memory}
            wait(None, signs.pids(), due)


def _must_succeed(environment: Environment) -> bool:
    """Whether the supervisord this keeper ran under is dead though the environment was not stopped."""
    return not Supervisor(environment.place).alive() and not environment.state.stopped


def _succeed(place: Place) -> None:
    """Start another supervisord, with a keeper there, for which this one makes room."""
    say("supervisord is gone; starting another")
    Supervisor(place).start()
    have_keeper(place)


def _log(event: Event) -> None:
    if event.kind not in ("watch", "step", "done"):
        say(f"{event.kind}: {event.text}")
