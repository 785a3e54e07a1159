"""Isolation looked at again, when nobody asked: after a migration, after a restore, and each night.

The cheap form: what the catalogue says, by one connection for each database. Trying everything as every role is what
`fairlead db isolation` does. What comes of it is in the ledger, and a breach is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.masking import concealed
from fairlead.project.access import made_rights
from fairlead.project.stack import Stack
from fairlead.system.home import Place

CHECKED = "isolation.checked"
MIGRATION, RESTORE = "migration", "restore"  #: why


def isolated(stack: Stack) -> bool:
    """Whether some database names who uses it."""
    return any(made_rights(store) for store in stack.stores)


def due(stack: Stack, ledger: Ledger, night: datetime) -> bool:
    """Whether it was last looked at before the last `night`; never yet counts as when the ledger began."""
    if not isolated(stack):
        return False
    last = ledger.last(CHECKED) or next(iter(ledger.entries(limit=1)), None)
    return last is not None and last.when() < night


def look(stack: Stack, root: Path, why: str, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Of the databases of these names, without names of all; what must not be, in words, and in the ledger.

    One that cannot be asked is no breach: that is written down, and said.
    """
    there = {f"{store.name}.{one.database}" for store in stack.stores for one in made_rights(store)}
    wanted = [name for name in names if name in there] if names else sorted(there)
    return tuple(text for name in wanted for text in _one(stack, root, why, name))


def _one(stack: Stack, root: Path, why: str, name: str) -> tuple[str, ...]:
    from fairlead.operations.db.rights import targets  # noqa: PLC0415 — only where roles are looked after
    from fairlead.postgres.isolation.probe import swept  # noqa: PLC0415

    place = Place.of(stack.project, stack.environment)
    try:
        (one,) = targets(stack, root, (name,), retire=why != MIGRATION)  # its old logins go once nobody has them
        report = swept(one.name, one.where, one.wanted)
    except FairleadError as error:
        text = concealed(error.message)
        _write(place, {"database": name, "why": why, "ok": None, "breaches": [], "unknown": text})
        return (f"isolation of {name} is not known: {text}",)
    found = [{"role": breach.role, "what": breach.what} for breach in report.breaches]
    _write(place, {"database": name, "why": why, "ok": report.ok, "breaches": found})
    return tuple(f"isolation of {name}: {breach.role} {breach.what}" for breach in report.breaches)


def _write(place: Place, data: dict[str, object]) -> None:
    if place.exists():
        with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
            ledger.append(CHECKED, data)
