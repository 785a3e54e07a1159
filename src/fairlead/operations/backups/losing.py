"""What a restore of a Redis or of files would take back, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fairlead.backups.catalogue import Backup
from fairlead.backups.redis import keys_of
from fairlead.backups.spot import Spot
from fairlead.backups.volumes import ALONE
from fairlead.errors import FairleadError
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.spots import live_redis
from fairlead.system import clock

COUNT = 'find "$1" -name .fairlead -prune -o -type f -print 2>/dev/null | wc -l'
LATER = 'find "$1" -name .fairlead -prune -o -type f -mmin "-$2" -print 2>/dev/null | wc -l'
WRITTEN = 'stat -c %Y "$1"/appendonlydir/*.incr.aof 2>/dev/null | sort -n | tail -n 1'
"""Its log grows with each write."""


def keys(one: Arrangement, backup: Backup) -> tuple[str, ...]:
    """Of a Redis."""
    then = f"{backup.facts['keys']} keys in the backup"
    try:
        live = live_redis(one.place, one.runtime, one.store)
        now = keys_of(live.facts("keyspace"))
        last = live.shell.run("the last write", WRITTEN, live.data).strip()
    except FairleadError as error:
        return (f"{then}; nobody knows what there is now: {error.message}",)
    said = f"; the last write was at {datetime.fromtimestamp(int(last), UTC):%Y-%m-%d %H:%M:%S} UTC" if last else ""
    return (f"{then}, {now} now{said}",)


def files(spots: Sequence[Spot], backup: Backup) -> tuple[str, ...]:
    """Of each folder."""
    return tuple(text for spot in spots for text in _of(spot, backup.facts[spot.name or ALONE], backup))


def _of(spot: Spot, was: Mapping[str, Any], backup: Backup) -> Iterator[str]:
    minutes = math.ceil((clock.now() - datetime.fromisoformat(backup.began)).total_seconds() / 60)
    now = spot.shell.run("counting files", COUNT, spot.data).strip()
    later = spot.shell.run("counting files", LATER, spot.data, str(max(1, minutes))).strip()
    name = f"{spot.name}: " if spot.name else ""
    yield f"{name}{was['files']} files in the backup, {now} now, {later} of them written since"
