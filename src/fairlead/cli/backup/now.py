"""`fairlead backup now`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.backup.common import arranged_stores, data_of, size, stores
from fairlead.cli.session import Session, bold, described, dim, green, red, tell
from fairlead.cli.verb import environment, message_option, verb

if TYPE_CHECKING:
    from fairlead.operations.backups.make import Made


@verb("fairlead backup now production", "fairlead backup now production db -m 'before the import'", name="now",
      short="Make a backup.")  # fmt: skip
@environment()
@stores
@message_option
def command(session: Session, environment: str, stores: tuple[str, ...], message: str) -> None:
    """Make a backup of ENV's stores, all that have them or those that are named.

    It is read from the server, encrypted here and written to its place as one stream: nothing of it lies on this
    machine. A backup that fails is none; the older ones stay.
    """
    from fairlead.operations.backups.arrangement import BY_HAND  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.backups.make import make  # noqa: PLC0415

    made = make(arranged_stores(session, environment, stores), message or BY_HAND, lambda text: tell(f"→ {text}"))
    failed = [one.error for one in made if one.error]
    data = [
        {"store": one.store, "ok": one.error is None, "backup": data_of(one.backup) if one.backup else None,
         "error": described(one.error) if one.error else None}
        for one in made
    ]  # fmt: skip
    session.answer({"environment": environment, "ok": not failed, "stores": data}, "\n".join(map(_text, made)))
    if failed:
        if failed[0].hint:
            tell(f"{bold('hint:')} {failed[0].hint}")
        click.get_current_context().exit(failed[0].exit_code)


def _text(one: Made) -> str:
    if one.backup is None:
        return f"{red('✗')} {one.store}: {one.error.message if one.error else 'nothing was made'}"
    return f"{green('✓')} {one.store}: {one.backup.id} {dim(size(one.backup.stored))}"
