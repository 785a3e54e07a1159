"""A sign that there may be something to tell, cheap enough to be looked at each second. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from fairlead.system.home import Place

Stamp = list[list[int]]


class Done(TypedDict):
    """What came of sending."""

    stamp: Stamp  #: as it was when the ledger was read last
    again: float | None  #: seconds until it has to be tried again; None: when there is a new sign


def stamp(place: Place) -> Stamp:
    """A value that changes when the ledger grew or others are to be told; empty when nobody is."""
    addresses = place.notify / "addresses.json"
    if not addresses.exists():
        return []
    return [_facts(path) for path in (addresses, place.ledger, place.ledger.with_name(place.ledger.name + "-wal"))]


def _facts(path: Path) -> list[int]:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return []
    return [facts.st_mtime_ns, facts.st_size]
