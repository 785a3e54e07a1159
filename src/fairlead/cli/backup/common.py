"""What the commands of `fairlead backup` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.session import Session

if TYPE_CHECKING:
    from fairlead.backups.catalogue import Backup
    from fairlead.operations.backups.arrangement import Arrangement

UNITS = ("B", "kB", "MB", "GB", "TB")


def stores(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments STORE: none is all that have backups."""
    return click.argument("stores", metavar="[STORE]...", nargs=-1)(function)


def arranged_stores(session: Session, environment: str, names: Sequence[str]) -> tuple[Arrangement, ...]:
    """Those that are meant, with all that their backups need."""
    from fairlead.operations.backups.arrangement import arranged  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    return arranged(project.stack(environment), project.root, names)


def size(number: float) -> str:
    """Bytes as a person reads them."""
    for unit in UNITS[:-1]:
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} {UNITS[-1]}"


def data_of(backup: Backup) -> dict[str, Any]:
    """For machines."""
    databases = [one.database for one in backup.of("database")] or list(backup.facts.get("databases", []))
    return {
        "id": backup.id, "store": backup.owner.store, "kind": backup.shown_kind,
        "engine": backup.engine if backup.kind == "physical" else None, "parent": backup.parent or None,
        "set": backup.set or None, "began": backup.began, "ended": backup.ended,
        "why": backup.why, "bytes": backup.stored, "server": backup.server, "lsn": backup.stop_lsn,
        "timeline": backup.timeline, "databases": databases, "keys": backup.facts.get("keys"),
        "volumes": {one.database: backup.facts[one.database] for one in backup.of("volume")},
        "recipients": list(backup.recipients), "verified": backup.verified or None, "tried": backup.tried or None,
        "damaged": backup.damaged or None, "pinned": backup.pinned or None,
    }  # fmt: skip
