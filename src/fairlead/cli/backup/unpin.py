"""`fairlead backup unpin`."""

from __future__ import annotations

from fairlead.cli.backup.common import arranged_stores
from fairlead.cli.backup.pin import answer, argument
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb


@verb("fairlead backup unpin production 20261120T020007Z-1b3f", name="unpin",
      short="Keep a backup no longer than others.")  # fmt: skip
@environment()
@argument
def command(session: Session, environment: str, which: str) -> None:
    """Have `keep` decide of that backup of ENV again. Nothing is removed by that; the next prune may."""
    from fairlead.operations.backups.pin import unpin  # noqa: PLC0415 — start-up is part of the product

    answer(session, environment, unpin(arranged_stores(session, environment, ()), which), "is as any other")
