"""Everything of this home brought back: what a machine does when it starts.

Each environment by a process of its own, some side by side: one that fails, hangs or breaks keeps none waiting.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.keeper import FAIRLEAD, kept
from fairlead.rollout.state import read_state
from fairlead.system.commands import Command, Outcome, run
from fairlead.system.home import Place, home

WAIT = 60.0  #: seconds each waits for somebody else who holds its environment


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of one environment."""

    project: str
    environment: str
    #: `kept`: its keeper runs, so nothing was done; `stopped`: by a person, and stays so
    result: Literal["up", "kept", "stopped", "failed"]
    release: str | None = None  #: the live one
    why: str = ""  #: of a failure

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.project}/{self.environment}"


def up_all(on_done: Callable[[Brought], object] = lambda one: None) -> tuple[Brought, ...]:
    """Bring back every environment that nobody stopped; each is told as it is done. What came of them, by name."""
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as workers:
        found = []
        for one in as_completed([workers.submit(_brought, place) for place in places()]):
            on_done(one.result())
            found.append(one.result())
    return tuple(sorted(found, key=lambda one: one.name))


def places() -> tuple[Place, ...]:
    """Every environment of this home that something was deployed to."""
    return tuple(Place(path.parent) for path in sorted(home().glob("*/*/ledger.db")))


def _brought(place: Place) -> Brought:
    try:
        with Ledger.read(place.ledger) as ledger:
            state = read_state(ledger)
        if state.stopped:
            return Brought(place.project, place.environment, "stopped", state.live)
        if kept(place):
            return Brought(place.project, place.environment, "kept", state.live)
    except (FairleadError, OSError) as error:
        return Brought(place.project, place.environment, "failed", why=str(error))
    words = ("up", "--project", place.project, "--wait", f"{WAIT:g}", "--json", "--", place.environment)
    return _told(place, run(Command((*FAIRLEAD, *words), cwd=Path("/"), apart=True)))


def _told(place: Place, outcome: Outcome) -> Brought:
    """By the last document that it printed."""
    last: dict[str, Any] = {}
    for line in _documents(outcome.output):
        last = line
    if outcome and last.get("ok") is True:
        return Brought(place.project, place.environment, "up", last.get("release"))
    error = last.get("error")
    said = error.get("message") if isinstance(error, dict) else None
    why = said or (outcome.errors.strip().splitlines() or [f"it ended with {outcome.code}"])[-1]
    return Brought(place.project, place.environment, "failed", why=str(why))


def _documents(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found
