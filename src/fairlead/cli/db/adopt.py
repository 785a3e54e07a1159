"""`fairlead db adopt`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.db.common import chosen_databases, databases, lock_wait, plan_option, telling
from fairlead.cli.session import Session, dim, green, yellow
from fairlead.cli.text import count
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.db.mend import Adoption


@verb("fairlead db adopt production shop --plan", "fairlead db adopt production shop", name="adopt")
@environment()
@databases
@click.option("--accept-opaque", is_flag=True, help="Rows that Java or a shell ran stay applied, without a file.")
@lock_wait
@plan_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], accept_opaque: bool, wait: float, only_plan: bool
) -> None:
    """Take over the history that Flyway made in ENV's databases. Its rows stay exactly as they are.

    A table of our own is made beside it, so that Flyway can go on with the same database at any time.
    """
    from fairlead.operations.db.mend import adopt  # noqa: PLC0415 — start-up is part of the product

    some = chosen_databases(session, environment, databases)
    found = adopt(some, accept_opaque, not only_plan, wait, telling())
    data = {"environment": environment, "databases": [_data(one) for one in found]}
    session.answer(data, "\n".join(map(_text, found)))


def _data(one: Adoption) -> dict[str, Any]:
    return {
        "database": one.database, "address": one.address, "adopted": one.adopted, "matched": one.matched,
        "opaque": list(one.opaque), "differing": list(one.differing), "pending": len(one.picture.pending),
        "version": str(one.picture.current) if one.picture.current else None,
    }  # fmt: skip


def _text(one: Adoption) -> str:
    state = green("adopted") if one.adopted else "not adopted yet"
    now = f"at version {one.picture.current}" if one.picture.current else "without a version"
    lines = [
        f"{one.database} {dim(one.address)}: {state}, {now}",
        f"  {count(one.matched, 'row')} with the same file here, {len(one.picture.pending)} pending",
    ]
    lines += [f"  {yellow('!')} {script}: run by Java or a shell; it stays applied" for script in one.opaque]
    lines += [f"  {yellow('!')} {text}" for text in one.differing]
    return "\n".join(lines)
