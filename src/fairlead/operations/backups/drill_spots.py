"""A drill of a Redis or of files: into folders that nobody works with, read there by a Redis, or counted."""

from __future__ import annotations

from fairlead.backups.catalogue import Backup
from fairlead.backups.restoring import Reader
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.filling import fill, names_in
from fairlead.operations.backups.report import Report
from fairlead.operations.backups.spots import copies_of


def try_spots(one: Arrangement, reader: Reader, backup: Backup, report: Report) -> None:
    """Restore it and look. What is wrong is a FairleadError that says it; Damaged where that is the backup's fault."""
    report.databases = names_in(backup)
    with report.phase("restore"), copies_of(one.place, one.runtime, one.store, names_in(backup)) as spots:
        fill(spots, reader, backup, "drill", log=False)
