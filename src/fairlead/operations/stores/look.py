"""What the stores of an environment are now. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fairlead.artifacts.release import ReleaseStore
from fairlead.errors import UsageError
from fairlead.ledger import Ledger
from fairlead.project.problem import did_you_mean
from fairlead.project.stack import RuntimeName
from fairlead.rollout.state import read_state
from fairlead.stores.base import Running
from fairlead.stores.folder import names
from fairlead.stores.table import stores_of
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class StoreState:
    """One store."""

    running: Running
    why: str  #: why it is not well; empty: it is

    @property
    def well(self) -> bool:
        """Whether it answers."""
        return not self.why

    def to_data(self) -> dict[str, Any]:
        """For machines."""
        one = self.running
        return {"name": one.name, "kind": one.store.kind, "phase": one.phase, "well": self.well, "why": self.why}


def look(runtime: RuntimeName, place: Place) -> tuple[StoreState, ...]:
    """All that were made; none where there never was one."""
    if not place.stores.is_dir():
        return ()
    stores = stores_of(runtime, place)
    return tuple(
        StoreState(one, stores.ask(one.name) if one.living else f"it does not run: {one.phase}")
        for one in stores.observe()
    )


def log_tail(place: Place, name: str, lines: int) -> str:
    """The last lines that a store wrote, masked. UsageError when there is no such one."""
    there = names(place)
    if name not in there:
        what = f'there is no store "{name}" in {place.project}/{place.environment} on this machine'
        raise UsageError(what + did_you_mean(name, there), f"there is {', '.join(there)}" if there else None)
    return stores_of(runtime_of_live(place), place).log_tail(name, lines)


def runtime_of_live(place: Place) -> RuntimeName:
    """What runs the environment now; what runs programs where nothing was ever deployed."""
    if not place.exists():
        return "process"
    with Ledger.read(place.ledger) as ledger:
        live = read_state(ledger).live
    release = ReleaseStore(place.releases).load_or_none(live) if live else None
    return release.stack.runtime if release else "process"
