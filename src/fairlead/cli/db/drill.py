"""`fairlead db drill`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from fairlead.cli.backup.common import arranged_stores, size
from fairlead.cli.moment import Moment
from fairlead.cli.session import Session, green, red, tell, yellow
from fairlead.cli.text import duration, table
from fairlead.cli.verb import environment, failing, verb

if TYPE_CHECKING:
    from fairlead.operations.backups.report import Report


@verb("fairlead db drill production", "fairlead db drill production db 2026-11-20", name="drill",
      short="Restore a backup into a copy, check and time it.")  # fmt: skip
@environment()
@click.argument("store", metavar="[STORE]", required=False)
@click.argument("which", metavar="[ID|DATE|latest]", default="latest")
@click.option("--to", "moment", type=Moment(), metavar="TIME", help="As it was then, by the log: a time with its zone.")
def command(session: Session, environment: str, store: str | None, which: str, moment: str | None) -> None:
    """Restore a backup of ENV into a server of its own, compare all of it with what was backed up, and time it.

    The copy has no network and is removed at the end; the running servers are left alone. What came of it is kept in
    the ledger, and a deployment can ask for it: deploy.require.drill. Exit code 1 when something is wrong.
    """
    from fairlead.operations.backups.drill import Wanted, drill  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.since import instant  # noqa: PLC0415

    arranged = arranged_stores(session, environment, (store,) if store else ())
    wanted = Wanted(which, instant(moment, datetime.now().astimezone()) if moment else None)
    reports = [drill(one, wanted, lambda text: tell(f"→ {text}")) for one in arranged]
    good = all(one.ok for one in reports)
    data = [{"store": one.store} | one.to_data() for one in reports]
    session.answer({"environment": environment, "ok": good, "drills": data}, "\n".join(map(_text, reports)))
    failing(good)


def _text(one: Report) -> str:
    mark = green("✓") if one.ok else red("✗")
    head = f"{mark} {one.store} {one.id}: {size(one.bytes)} in {duration(one.rto)}"
    if one.rpo is not None:
        head += f"; {duration(one.rpo)} would be lost now"
    phases = table([(name, duration(seconds)) for name, seconds in one.phases.items()], indent=2)
    notes = [f"  {yellow(text)}" for text in _notes(one)]
    return "\n".join([head, phases, *notes, *(f"  {red(text)}" for text in one.wrong)])


def _notes(one: Report) -> list[str]:
    lacking = ["amcheck is not installed, so no index was compared with its table"] if one.amcheck is False else []
    return [*lacking, *one.without]
