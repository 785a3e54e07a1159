"""`fairlead backup restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.backup.common import arranged_stores
from fairlead.cli.isolation_again import look_again
from fairlead.cli.session import Session, bold, dim, green, tell, yellow
from fairlead.cli.text import duration
from fairlead.cli.verb import environment, verb, yes_option

if TYPE_CHECKING:
    from fairlead.backups.catalogue import Backup
    from fairlead.operations.backups.arrangement import Arrangement
    from fairlead.operations.put_back import Prospect, PutBack, Ready

SHOWN = 12  #: lines of what is lost, of each store


@verb("fairlead backup restore production", "fairlead backup restore production 2026-11-20 --store cache --plan",
      name="restore", short="Put back stores and volumes together.")  # fmt: skip
@environment()
@click.argument("which", metavar="[ID|SET|DATE|latest]", default="latest")
@click.option("--store", "stores", multiple=True, metavar="NAME", help="Only this store or volume; may be said again.")
@click.option("--plan", "only_plan", is_flag=True, help="Show which backups it would be; do nothing.")
@yes_option
def command(
    session: Session, environment: str, which: str, stores: tuple[str, ...], only_plan: bool, yes: bool
) -> None:  # fmt: skip
    """Put back all that is backed up of ENV, or what --store says: the last backups, a recovery set by its id, one
    backup by its id, or the last of a day (UTC).

    All of it goes into new places first and is looked at there: databases, a Redis of its own that reads the snapshot,
    files that are counted. Then you are shown what is lost, and asked. Then everything takes its place; what was in use
    is put aside, and stays until you remove it: fairlead backup prune ENV --old-data. Stores and services that are in
    the way stand still meanwhile, for as long as it takes to change names.

    One database, or a moment between backups, is what `fairlead db restore` is for.
    """
    from fairlead.operations.db.isolation_again import RESTORE  # noqa: PLC0415
    from fairlead.operations.put_back import picked, put_back  # noqa: PLC0415 — start-up matters

    some = arranged_stores(session, environment, stores)
    if only_plan:
        pairs = picked(some, which)
        session.answer({"environment": environment, "done": False, "stores": [_planned(*one) for one in pairs]},
                       _plan(pairs))  # fmt: skip
        return

    def agree(prospect: Prospect) -> bool:
        tell(_screen(prospect))
        session.confirm("put it in place?", yes)
        return True

    done = put_back(some, which, agree, lambda text: tell(f"→ {text}"))
    rows = [{"store": store, "backup": id, "aside": aside} for store, id, aside in done.stores]
    data = {"environment": environment, "done": True, "id": done.id, "stores": rows, "seconds": done.seconds}
    session.answer(data, _text(done))
    own = {it.store.name: it.store.rights for it in some}
    names = [f"{store}.{it.database}" for store, _, _ in done.stores for it in own[store]]
    look_again(session, environment, RESTORE, names)


def _planned(one: Arrangement, backup: Backup) -> dict[str, object]:
    return {"store": one.store.name, "backup": backup.id, "set": backup.set or None, "moment": backup.ended}


def _plan(pairs: tuple[tuple[Arrangement, Backup], ...]) -> str:
    from fairlead.backups.catalogue import spread_of  # noqa: PLC0415 — start-up matters

    lines = [f"{one.store.name}: {backup.id} of {backup.moment:%Y-%m-%d %H:%M:%S} UTC" for one, backup in pairs]
    spread = spread_of([backup for _, backup in pairs])
    return "\n".join([*lines, *([dim(f"within {spread:.1f} s of one another")] if len(pairs) > 1 else [])])


def _screen(prospect: Prospect) -> str:
    head = f"{bold('what is lost')}: everything written since"
    lines = [head + (f", {prospect.set} within {prospect.spread:.1f} s" if prospect.set else "")]
    if not prospect.set and len(prospect.ready) > 1:
        text = f"these backups were not made together: {prospect.spread:.0f} s lie between the first and the last"
        lines.append(yellow(text))
    return "\n".join(lines + [line for one in prospect.ready for line in _of(one)])


def _of(one: Ready) -> list[str]:
    from fairlead.system import clock  # noqa: PLC0415 — start-up matters

    age = duration(max(0.0, (clock.now() - one.backup.moment).total_seconds()))
    lines = [f"  {one.one.store.name}: {one.backup.moment:%Y-%m-%d %H:%M:%S} UTC, {age} ago {dim(one.backup.id)}"]
    lines += [f"    {yellow(text)}" for text in (*one.whose, *one.losing[:SHOWN])]
    return lines + ([f"    and {len(one.losing) - SHOWN} more"] if len(one.losing) > SHOWN else [])


def _text(done: PutBack) -> str:
    return "\n".join(f"{green('✓')} {store} is as it was in {id}; what was in use is {aside}"
                     for store, id, aside in done.stores)  # fmt: skip
