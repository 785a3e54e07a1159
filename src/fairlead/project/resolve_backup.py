"""Models of backups, drills and what a deployment asks for, to the stack's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.project import stack_backup as stack
from fairlead.project.stack import Store

if TYPE_CHECKING:
    from fairlead.project.deploying import Deploy
    from fairlead.project.stores import Backup, Drill, Physical
    from fairlead.project.volumes import Volume


def backup(one: Backup | None) -> stack.Backup | None:
    """With what is usual filled in."""
    if one is None:
        return None
    physical, keep = one.physical, one.keep
    return stack.Backup(
        to=one.to or "",
        logical=one.logical,
        physical=_physical(physical),
        keep=stack.Keep(keep.daily, keep.weekly, keep.monthly, keep.point_in_time) if keep else stack.Keep(),
        endpoint=one.endpoint,
        region=one.region,
        access_key=one.access_key,
        secret_key=one.secret_key,
        recipients=one.recipients,
    )


def _physical(one: Physical | None) -> stack.Physical | None:
    return stack.Physical(one.full, one.differential, one.wal, one.sync) if one else None


def drill(one: Drill | None) -> stack.Drill | None:
    """As it is said."""
    return stack.Drill(one.every, one.rto, one.rpo, one.key) if one else None


def require(one: Deploy) -> stack.Require:
    """As it is said."""
    return stack.Require(one.require.backup, one.require.drill, one.require.rehearsal)


def volume(name: str, one: Volume) -> Store:
    """What keeps data, and nobody runs."""
    return Store(name=name, kind="volume", path=one.path, backup=backup(one.backup), drill=drill(one.drill))
