"""`fairlead db restore`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.isolation_again import look_again
from fairlead.cli.moment import Moment
from fairlead.cli.session import Session, bold, dim, green, tell, yellow
from fairlead.cli.text import duration
from fairlead.cli.verb import environment, verb, yes_option
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.backups.physical.points import Point
    from fairlead.operations.backups.arrangement import Arrangement
    from fairlead.operations.backups.restore import Prospect, Restored

SHOWN = 12  #: lines of what is lost, of each database


@verb("fairlead db restore production db latest", "fairlead db restore production db 2026-11-20 --database shop",
      "fairlead db restore production db --into db18",
      "fairlead db restore production db --to '2026-11-20 14:03:00+01:00'",
      "fairlead db restore production db --to-point fairlead-by-hand-20261120T140300",
      name="restore", short="Put back a backup, and say what is lost.")  # fmt: skip
@environment()
@click.argument("store", metavar="STORE")
@click.argument("which", metavar="[ID|DATE|latest]", default="latest")
@click.option("--database", "databases", multiple=True, metavar="NAME", help="Only this one; may be said again.")
@click.option("--into", metavar="STORE", help="Another PostgreSQL of ENV, a newer one say, instead of STORE itself.")
@click.option("--to", "moment", type=Moment(), metavar="TIME",
              help="As it was then: a time with its zone, or a time ago such as 10m. Needs the log.")  # fmt: skip
@click.option("--to-point", "point", metavar="NAME",
              help="As it was at a restore point: of before a migration, say. Needs the log.")  # fmt: skip
@yes_option
def command(
    session: Session, environment: str, store: str, which: str, databases: tuple[str, ...], **given: Any
) -> None:  # fmt: skip
    """Put back a backup of STORE in ENV: the last one, one by its id, or the last of a day (UTC).

    Where the log is kept, --to gives any second since the first copy of the data files, and `latest` is the end of the
    log. Whether a time can be had is known before anything is restored. What was committed at that very moment is left
    out. --to-point is as exact, and needs no time: each migration has such a point right before it, which
    `fairlead backup list` shows.

    It goes into new databases first, and is compared with what was written down when it was made. Then you are shown
    what is lost, and asked. The databases in use are put aside under another name, and stay until you remove them:
    fairlead backup prune ENV --old-databases.
    """
    into, yes = given["into"], given["yes"]
    from fairlead.cli.backup.common import arranged_stores  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.backups.arrangement import other  # noqa: PLC0415
    from fairlead.operations.backups.restore import restore  # noqa: PLC0415

    (one,) = arranged_stores(session, environment, (store,))
    if one.store.kind != "postgres":
        hint = f"fairlead backup restore {environment} {which} --store {store}"
        raise UsageError(f"{store} is no PostgreSQL", hint)
    place = other(one, session.project().stack(environment), session.project().root, into) if into else None
    target = _target(one, given["moment"], given["point"])

    def agree(prospect: Prospect) -> bool:
        tell(_screen(prospect))
        session.confirm("put it in place?", yes)
        return True

    from fairlead.operations.db.isolation_again import RESTORE  # noqa: PLC0415

    done = restore(one, which, databases or None, agree, lambda text: tell(f"→ {text}"), target, place)
    session.answer(_data(environment, done), _text(done))
    name = (place or one).store.name
    look_again(session, environment, RESTORE, [f"{name}.{it.live}" for it in done.swaps])
    if (place or one).store.rights:  # those of a service that came after the backup are not in it
        tell(f"{bold('hint:')} have the rights of services as they are declared: fairlead db roles {environment}")


def _target(one: Arrangement, moment: str | None, point: str | None) -> datetime | Point | None:
    from fairlead.operations.backups.points import named  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.since import instant  # noqa: PLC0415

    if moment and point:
        raise UsageError("--to and --to-point are two moments", "say one of them")
    if point:
        return named(one, point)
    return instant(moment, datetime.now().astimezone()) if moment else None


def _screen(prospect: Prospect) -> str:
    source, count = prospect.source, prospect.transactions
    lines = [f"{bold('what is lost')}: everything written in the last {duration(prospect.age)}, since "
             f"{source.moment.isoformat(timespec='milliseconds')} ({source.id})"
             + ("" if count is None else f": {count} transactions of the whole server")]  # fmt: skip
    if prospect.roles:
        names = ", ".join(prospect.roles)
        lines.append(f"{bold('who comes back')}: roles that were removed since, as they were then: {yellow(names)}")
    lines += [f"  {yellow(text)}" for text in (*prospect.whose, *source.without)]
    lines += [f"  {name}: not in it, so it stays as it is now" for name in prospect.staying]
    lines += [f"  {yellow(str(one))}" for one in prospect.schemas if one.gone]
    for database, changes in prospect.losing.items():
        lines.append(f"  {database}" + ("" if changes else dim(": as many rows as in the backup")))
        lines += [f"    {yellow(change)}" for change in changes[:SHOWN]]
        if len(changes) > SHOWN:
            lines.append(f"    and {len(changes) - SHOWN} more")
    return "\n".join(lines)


def _data(environment: str, done: Restored) -> dict[str, object]:
    rows = [{"database": one.live, "aside": one.aside} for one in done.swaps]
    return {"environment": environment, "backup": done.id, "moment": done.moment.isoformat(), "databases": rows,
            "seconds": done.seconds}  # fmt: skip


def _text(done: Restored) -> str:
    lines = [f"{green('✓')} {one.live} is as it was in {done.id}, at {done.moment:%Y-%m-%d %H:%M:%S} UTC; "
             f"what was in use is {one.aside}"
             for one in done.swaps]  # fmt: skip
    return "\n".join(lines)
