"""What the stores of an environment are now. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairlead.artifacts.release import ReleaseStore
from fairlead.errors import UsageError
from fairlead.ledger import Ledger
from fairlead.masking import masked
from fairlead.project.problem import did_you_mean
from fairlead.project.stack import RuntimeName
from fairlead.rollout.state import read_state
from fairlead.stores.base import Running
from fairlead.stores.folder import names
from fairlead.stores.table import stores_of
from fairlead.system.home import Place

LINES = 50  #: where nobody says how many


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


def log_tail(place: Place, name: str, lines: int | None = None, since: datetime | None = None) -> str:
    """The last lines that a store wrote, masked; with `since` what it wrote from then on, all of it unless `lines` says
    how many. UsageError when there is no such one."""
    there = names(place)
    if name not in there:
        what = f'there is no store "{name}" in {place.project}/{place.environment} on this machine'
        raise UsageError(what + did_you_mean(name, there), f"there is {', '.join(there)}" if there else None)
    runtime = runtime_of_live(place)
    if since is None:
        return stores_of(runtime, place).log_tail(name, LINES if lines is None else lines)
    found = _written_since(runtime, place, name, since.timestamp()).splitlines()
    return masked("\n".join(found if lines is None else found[len(found) - min(lines, len(found)) :]))


def _written_since(runtime: RuntimeName, place: Place, name: str, since: float) -> str:
    """The engine keeps a time for each line; of a program up to a minute of what came before is among it."""
    if runtime == "docker":
        from fairlead.engine.engine import Engine  # noqa: PLC0415 — only with an engine
        from fairlead.engine.owner import Owner  # noqa: PLC0415

        return Engine().log(Owner.of(place).name(name), since=since)
    from fairlead.runtimes.process.log_marks import Marks  # noqa: PLC0415 — status asks for none of it
    from fairlead.runtimes.process.logs import all_since  # noqa: PLC0415

    return all_since(place.stores / name / "log", since, Marks.of(place))[0].decode(errors="replace")


def runtime_of_live(place: Place) -> RuntimeName:
    """What runs the environment now; what runs programs where nothing was ever deployed."""
    if not place.exists():
        return "process"
    with Ledger.read(place.ledger) as ledger:
        live = read_state(ledger).live
    release = ReleaseStore(place.releases).load_or_none(live) if live else None
    return release.stack.runtime if release else "process"
