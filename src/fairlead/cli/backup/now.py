"""`fairlead backup now`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.backup.common import arranged_stores, data_of, size, stores
from fairlead.cli.session import Session, bold, described, dim, green, red, tell
from fairlead.cli.verb import environment, message_option, verb
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.backups.catalogue import Kind
    from fairlead.operations.backups.make import Made


@verb("fairlead backup now production", "fairlead backup now production db -m 'before the import'", name="now",
      short="Make a backup.")  # fmt: skip
@environment()
@stores
@message_option
@click.option("--physical", is_flag=True, help="Copy the data files.")
@click.option("--differential", is_flag=True, help="Of the data files, what changed since the last full copy.")
@click.option("--logical", is_flag=True, help="Dump each database.")
def command(
    session: Session, environment: str, stores: tuple[str, ...], message: str, physical: bool, differential: bool,
    logical: bool,
) -> None:  # fmt: skip
    """Make a backup of ENV's stores, all that have them or those that are named.

    It is read from the server, encrypted here and written to its place as one stream: nothing of it lies on this
    machine. A backup that fails is none; the older ones stay.

    --differential makes a full copy where there is none yet, and always with `engine: builtin`.

    Without --physical or --logical it is a logical one, where the project file has those, and a physical one else.
    """
    from fairlead.operations.backups.arrangement import BY_HAND  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.backups.make import make  # noqa: PLC0415

    arranged = arranged_stores(session, environment, stores)
    made = make(
        arranged,
        message or BY_HAND,
        lambda text: tell(f"→ {text}"),
        _kind(physical or differential, logical),
        differential=differential,
    )
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


def _kind(physical: bool, logical: bool) -> Kind | None:
    if physical and logical:
        raise UsageError("--physical and --logical are two backups", "make one after the other")
    return "physical" if physical else "logical" if logical else None


def _text(one: Made) -> str:
    if one.backup is None:
        return f"{red('✗')} {one.store}: {one.error.message if one.error else 'nothing was made'}"
    return f"{green('✓')} {one.store}: {one.backup.id} {dim(size(one.backup.stored))}"
