"""Wait until stores are well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from fairlead.errors import FairleadError
from fairlead.project.stack import Health, Store
from fairlead.stores.base import Stores
from fairlead.system.clock import wait_until

USUAL = Health(timeout=5.0, interval=0.2, deadline=120.0)


class NotWell(FairleadError):
    """A store that does not answer, and why: its last answer, its log."""


def await_well(stores: Stores, wanted: Iterable[Store], said: Callable[[str], None], ends: int | None = None) -> None:
    """Return when all answer, each within its own deadline; `said` is told of each. NotWell otherwise.

    `ends`: how often one may end and be started again until it is given up before its deadline; None: as often as it
    likes.
    """
    begun = time.monotonic()
    for store in wanted:
        health = store.health or USUAL
        last = ["it was never asked"]
        first = stores.starts(store.name) if ends is not None else 0

        def over(name: str = store.name, last: list[str] = last, first: int = first) -> bool:
            last[0] = stores.ask(name)
            return not last[0] or (ends is not None and stores.starts(name) - first > ends)

        left = max(0.1, begun + health.deadline - time.monotonic())
        if not wait_until(over, left, every=min(health.interval, 0.1), most=health.interval) or last[0]:
            raise _not_well(stores, store.name, last[0])
        said(store.name)


def _not_well(stores: Stores, name: str, why: str) -> NotWell:
    tail = "\n".join("  " + line for line in stores.log_tail(name, 12).strip().splitlines())
    return NotWell(f"store {name} is not well: {why}" + (f"\n{tail}" if tail else ""), "its log: fairlead stores logs")
