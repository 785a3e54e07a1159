"""What copies data files, gives them back and forgets them. There are two: PostgreSQL's own programs, and pgBackRest.

Everything else is one: the catalogue has an entry for each copy, with where it begins and ends in the log, how large it
is and a checksum; `coverage` says what can be had from them and the log, gaps and all; `retention` says which stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from fairlead.backups.catalogue import Backup, Catalogue
from fairlead.backups.logical import Recipients
from fairlead.backups.physical.archive import Log
from fairlead.backups.physical.keeping import Keeping
from fairlead.backups.scratch import Ground
from fairlead.backups.server import Server


class Engine(Protocol):
    """Of the backups of one store. `keys` are of whoever reads; without any he sees what is not encrypted."""

    def make(
        self,
        server: Server,
        databases: tuple[str, ...],
        catalogue: Catalogue,
        recipients: Recipients,
        why: str,
        differential: bool = False,
    ) -> Backup:
        """A new one, in `catalogue`; `differential`: of what changed since the last full one.

        FairleadError; then there is none, and what was written of it goes. Refused by one that cannot do that.
        """

    def require_whole(self, backup: Backup) -> None:
        """Gone or Damaged when something of it is missing or changed, as far as that is seen at once."""

    def restore(self, backup: Backup, keys: Sequence[Any], path: Path, data: Path, ground: Ground) -> None:
        """Have its files in `data`, as they are to be for a server that recovers; `path` is a folder of its user.

        WrongKey, Damaged, Gone, Unreachable.
        """

    def prove(self, data: Path, ground: Ground) -> None:
        """Look at files that were restored, before a server changes them. Damaged."""

    def wrong(self, backup: Backup, keys: Sequence[Any]) -> list[str]:
        """Read all of it: what is not as it was written. WrongKey, Unreachable."""

    def remove(self, backup: Backup) -> None:
        """It goes: its entry first."""

    def trim(self, keeping: Keeping, log: Log) -> None:
        """What of the log is not needed any more goes."""

    def tidy(self, backups: Sequence[Backup]) -> None:
        """What was never finished goes. `backups`: all that there are."""
