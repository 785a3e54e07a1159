"""The engine that has pgBackRest do it: full copies and what changed since one, in parallel, to a folder or an S3."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue, Part, new_id
from fairlead.backups.destinations.base import Gone
from fairlead.backups.engines.pgbackrest.config import FOR_EVER
from fairlead.backups.engines.pgbackrest.program import Tool
from fairlead.backups.engines.pgbackrest.repository import Repository
from fairlead.backups.logical import Recipients, server_facts
from fairlead.backups.physical.archive import Log
from fairlead.backups.physical.keeping import Keeping
from fairlead.backups.physical.wal import place_of
from fairlead.backups.scratch import Ground
from fairlead.backups.sealing import Damaged
from fairlead.backups.server import Server
from fairlead.system import clock

KIND = "repository"  #: of the one part that a copy has in the catalogue, by pgBackRest's label
ARCHIVE = f"--repo1-retention-archive={FOR_EVER}"
ALL = ("--output=text", "--verbose")
STATUS = re.compile(r"^\s*backup: (\S+), status: (.*?), total files checked.*$((?:\n\s{4}.*)?)", re.MULTILINE)


@dataclass
class PgBackRest:
    """`here`: pgBackRest as it runs beside a server, by the cluster's number."""

    catalogue: Catalogue
    repository: Repository
    here: Callable[[str], Tool]
    _read: dict[str, dict[str, str]] = field(default_factory=dict)  #: by cluster, what is wrong with each label

    def make(
        self,
        server: Server,
        databases: tuple[str, ...],
        catalogue: Catalogue,
        recipients: Recipients,
        why: str,
        differential: bool = False,
    ) -> Backup:
        """A full one, or what changed since the last that is good; without such a one a full one."""
        began = clock.now()
        with server.session(server.home) as connection:
            had = server_facts(connection)
        tool, there = self.here(had["system"]), catalogue.all()
        self.tidy(there)
        fulls = [one for one in there if one.engine == "pgbackrest" and one.system == had["system"] and not one.parent]
        since = differential and fulls and not fulls[-1].damaged
        tool.run("pgbackrest backup", "backup", f"--type={'diff' if since else 'full'}")
        made = tool.info()["backup"][-1]
        backup = Backup(
            id=new_id(began), kind="physical", owner=self.catalogue.owner, began=began.isoformat(timespec="seconds"),
            ended=clock.now().isoformat(timespec="milliseconds"), why=why, recipients=recipients.names,
            parts=(self._part(had["system"], made),), facts={"databases": list(databases)}, server=had["server"],
            system=had["system"], timeline=int(made["archive"]["stop"][:8], 16), start_lsn=made["lsn"]["start"],
            stop_lsn=made["lsn"]["stop"], engine="pgbackrest", parent=parent_of(made["label"], fulls),
        )  # fmt: skip
        catalogue.add(backup)
        return backup

    def _part(self, system: str, made: dict[str, Any]) -> Part:
        size, stored = made["info"]["size"], made["info"]["repository"]["delta"]
        return Part(made["label"], KIND, "", size, stored, self.repository.checksum(system, made["label"]))

    def require_whole(self, backup: Backup) -> None:
        """What says which files it has is there, and as it was written."""
        try:
            found = self.repository.checksum(backup.system, label_of(backup))
        except Gone:
            raise Gone(
                f"backup {backup.id} has lost its manifest", "restore from another: fairlead backup list"
            ) from None
        if found != backup.parts[0].sha256:
            raise Damaged(f"the manifest of backup {backup.id} is damaged: its checksum is another one")

    def restore(self, backup: Backup, keys: Sequence[Any], path: Path, data: Path, ground: Ground) -> None:
        """Each file is compared with its checksum as it is written."""
        if ground.who:
            os.chown(data, ground.who.uid, ground.who.gid)
        with self.repository.tool(backup.system, keys, data, path, os.cpu_count() or 1) as tool:
            tool.run(f"pgbackrest restore of {backup.id}", "restore", f"--set={label_of(backup)}", "--type=none")

    def prove(self, data: Path, ground: Ground) -> None:
        """That was done while it was restored."""

    def wrong(self, backup: Backup, keys: Sequence[Any]) -> list[str]:
        """pgBackRest reads all copies of a cluster at once, so it is asked once."""
        try:
            self.require_whole(backup)
        except (Gone, Damaged) as error:
            return [error.message]
        if not keys:
            return []
        if backup.system not in self._read:
            with self.repository.tool(backup.system, keys, processes=os.cpu_count() or 1) as tool:
                self._read[backup.system] = statuses(tool.run("pgbackrest verify", "verify", *ALL))
        status = self._read[backup.system].get(label_of(backup), "it is not in the repository")
        return [] if status == "valid" else [f"backup {backup.id}: {status}"]

    def remove(self, backup: Backup) -> None:
        """Its entry, and then itself. What depends on it goes before it does."""
        self.catalogue.remove(backup.id)
        self._expire(backup.system, label_of(backup))

    def _expire(self, system: str, label: str) -> None:
        self.here(system).run(f"pgbackrest expire of {label}", "expire", f"--set={label}", ARCHIVE)

    def trim(self, keeping: Keeping, log: Log) -> None:
        """The log since as many full copies as the window needs; what an older one needs by itself stays."""
        if not any(one.engine == "pgbackrest" for one in keeping.leaving):
            return
        tool = self.here(log.system)
        starts = [place_of(one["archive"]["start"]) for one in tool.info()["backup"] if one["type"] == "full"]
        begin = max(number for _, number in (one.place for one in keeping.leaving)) + 1
        later = sum(1 for place in starts if place and place[1] > begin)
        if len(starts) > later:
            count = f"--repo1-retention-archive={later + 1}"
            tool.run("pgbackrest expire", "expire", "--repo1-retention-archive-type=full", count)

    def tidy(self, backups: Sequence[Backup]) -> None:
        """Copies without an entry, that nothing with an entry depends on."""
        mine = [one for one in backups if one.engine == "pgbackrest"]
        for system in {one.system for one in mine}:
            had = {label_of(one) for one in mine if one.system == system}
            needed = had | {label.partition("_")[0] for label in had}
            for one in self.here(system).info()["backup"]:
                if one["label"] not in needed:
                    self._expire(system, one["label"])


def label_of(backup: Backup) -> str:
    """What pgBackRest calls it."""
    return backup.parts[0].name


def parent_of(label: str, fulls: Sequence[Backup]) -> str:
    """The id of the full one that it depends on, by what it is called: FULL_OWN; empty for a full one itself.

    What was asked for may not be what was made: without a full one in the repository pgBackRest makes one.
    """
    full, _, own = label.partition("_")
    return next((one.id for one in fulls if own and label_of(one) == full), "")


def statuses(said: str) -> dict[str, str]:
    """Of each copy, by label: `valid`, or what is wrong with it. As `pgbackrest verify` says it; pure."""
    found = {}
    for label, status, more in STATUS.findall(said):
        found[label] = status if status == "valid" else f"{status} ({more.strip()})" if more.strip() else status
    return found
