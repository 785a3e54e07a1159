"""`fairlead backup pin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.backup.common import arranged_stores
from fairlead.cli.session import Session, green
from fairlead.cli.verb import environment, message_option, verb

if TYPE_CHECKING:
    from fairlead.operations.backups.pin import Found

argument = click.argument("which", metavar="ID")


@verb("fairlead backup pin production 20261120T020007Z-1b3f -m 'before the audit'", name="pin",
      short="Keep a backup, whatever `keep` says.")  # fmt: skip
@environment()
@argument
@message_option
def command(session: Session, environment: str, which: str, message: str) -> None:
    """Keep one backup of ENV, or a recovery set by its id, until it is unpinned: no `prune` removes it, nor what it
    depends on.
    """
    from fairlead.operations.backups.pin import pin  # noqa: PLC0415 — start-up is part of the product

    answer(session, environment, pin(arranged_stores(session, environment, ()), which, message), "stays until unpinned")


def answer(session: Session, environment: str, found: Found, text: str) -> None:
    """What was done, of each."""
    rows = [{"store": one.store.name, "id": backup.id} for one, backup in found]
    lines = [f"{green('✓')} {one.store.name}: {backup.id} {text}" for one, backup in found]
    session.answer({"environment": environment, "backups": rows}, "\n".join(lines))
