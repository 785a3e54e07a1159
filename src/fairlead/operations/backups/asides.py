"""What restores put aside, of every kind of store: it stays until somebody has it removed."""

from __future__ import annotations

from collections.abc import Collection

from fairlead.operations.backups import restore
from fairlead.operations.backups.arrangement import PATIENCE, Arrangement
from fairlead.operations.backups.spots import spots_of


def left(one: Arrangement) -> tuple[str, ...]:
    """The databases, or the folders by volume: `uploads/before-20261127T031500`. Busy."""
    restore.go_on(one.place, one.runtime)  # else what is new looks like what was left
    if one.store.kind == "postgres":
        return restore.left(one)
    with one.held("fairlead backup prune", PATIENCE), spots_of(one.place, one.runtime, one.store) as spots:
        return tuple(f"{spot.name or one.store.name}/{name}" for spot in spots.spots for name in spot.aside())


def drop_left(one: Arrangement, shown: Collection[str]) -> tuple[str, ...]:
    """Remove those of them that were `shown` to whoever agreed; which they were. Busy."""
    restore.go_on(one.place, one.runtime)
    if one.store.kind == "postgres":
        return restore.drop_left(one, shown)
    gone = []
    with one.held("fairlead backup prune"), spots_of(one.place, one.runtime, one.store) as spots:
        for spot in spots.spots:
            for name in spot.aside():
                if (known := f"{spot.name or one.store.name}/{name}") in shown:
                    spot.drop(name)
                    gone.append(known)
    if gone:
        one.note("restore.pruned", {"databases": gone})
    return tuple(gone)
