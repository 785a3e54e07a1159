"""Models of backups, drills and what a deployment asks for, to the stack's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fairlead.project import stack_backup as stack
from fairlead.project.stack import Store

if TYPE_CHECKING:
    from fairlead.project.deploying import Deploy
    from fairlead.project.stores import Backup, Copies, Drill, Physical
    from fairlead.project.volumes import Quiet, Volume, VolumeBackup


def backup(one: Backup | None) -> stack.Backup | None:
    """With what is usual filled in."""
    if one is None:
        return None
    keep = one.keep
    kept = stack.Keep(keep.daily, keep.weekly, keep.monthly, keep.point_in_time) if keep else stack.Keep()
    return replace(_copies(one), physical=_physical(one.physical), keep=kept)


def _copies(one: Copies) -> stack.Backup:
    return stack.Backup(
        to=one.to or "",
        logical=one.logical,
        endpoint=one.endpoint,
        region=one.region,
        ca=one.ca,
        access_key=one.access_key,
        secret_key=one.secret_key,
        recipients=one.recipients,
        encryption=one.encryption,
    )


def _of_volume(one: VolumeBackup | None) -> stack.Backup | None:
    if one is None:
        return None
    keep = stack.Keep(one.keep.daily, one.keep.weekly, one.keep.monthly)
    return replace(_copies(one), keep=keep, quiet=_quiet(one.quiet))


def _quiet(one: Quiet | None) -> stack.Quiet | None:
    return stack.Quiet(one.service, one.before or "", one.after or "", one.pause, one.timeout) if one else None


def _physical(one: Physical | None) -> stack.Physical | None:
    if one is None:
        return None
    return stack.Physical(one.full, one.differential, one.wal, one.sync, one.engine, one.spool)


def drill(one: Drill | None) -> stack.Drill | None:
    """As it is said."""
    return stack.Drill(one.every, one.rto, one.rpo, one.key) if one else None


def require(one: Deploy) -> stack.Require:
    """As it is said."""
    return stack.Require(one.require.backup, one.require.drill, one.require.rehearsal)


def volume(name: str, one: Volume) -> Store:
    """What keeps data, and nobody runs."""
    return Store(name=name, kind="volume", path=one.path, backup=_of_volume(one.backup), drill=drill(one.drill))
