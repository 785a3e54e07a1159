"""Where the databases of a stack stand; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.operations.db.chosen import Database
from fairlead.operations.db.opened import asking, opened
from fairlead.postgres import indexes
from fairlead.postgres.lock import OURS, holder
from fairlead.postgres.picture import Picture
from fairlead.postgres.rows import flyway_lock


@dataclass(frozen=True, slots=True)
class Status:
    """One database, as it stands."""

    database: str
    address: str
    history: bool  #: whether there is one
    adopted: bool  #: whether Fairlead has worked with it
    picture: Picture
    invalid: tuple[str, ...]  #: indexes
    holder: str | None  #: who migrates right now


def status(some: Sequence[Database]) -> tuple[Status, ...]:
    """Of each database. FairleadError when one cannot be reached."""
    found = []
    with opened(some) as databases:
        for one in databases:
            with asking(one):
                who = holder(one.connection, (OURS, flyway_lock(one.history.schema, one.history.name)))
                found.append(Status(
                    one.name, one.database.where.shown, one.history.exists(), not one.must_be_adopted(), one.look(),
                    indexes.invalid(one.connection), who.text if who else None,
                ))  # fmt: skip
    return tuple(found)
