"""`fairlead db roles`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairlead.cli.db.common import databases, lock_wait, plan_option
from fairlead.cli.session import Session, dim, green, yellow
from fairlead.cli.text import count, table
from fairlead.cli.verb import environment, failing, verb

if TYPE_CHECKING:
    from fairlead.operations.db.rights import Mended


@verb("fairlead db roles production --plan", "fairlead db roles production", name="roles")
@environment()
@databases
@plan_option
@lock_wait
def command(session: Session, environment: str, databases: tuple[str, ...], only_plan: bool, wait: float) -> None:
    """Have the roles of ENV's databases, what they may do and which rows they see as the project file says.

    Only what differs is touched. With --plan nothing is, and the exit code is 1 where something differs.
    """
    from fairlead.operations import roles  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    if only_plan:
        found = roles.planned(project, environment, databases)
    else:
        found = roles.mend(project, environment, databases, wait)
    data = {"environment": environment, "databases": [_data(one) for one in found]}
    session.answer(data, "\n".join(_text(one, only_plan) for one in found) or "no database names who uses it")
    failing(not only_plan or not any(one.statements for one in found))


def _data(one: Mended) -> dict[str, Any]:
    return {
        "database": one.database, "address": one.address,
        "statements": [{"kind": it.kind, "what": it.what, "sql": it.text()} for it in one.statements],
    }  # fmt: skip


def _text(one: Mended, only_plan: bool) -> str:
    number = len(one.statements)
    if not number:
        return f"{green('✓')} {one.database} {dim(one.address)}: as declared"
    mark, word = (yellow("!"), "to do") if only_plan else (green("✓"), "done")
    head = f"{mark} {one.database} {dim(one.address)}: {count(number, 'statement')} {word}"
    return head + "\n" + table([(it.kind, it.what) for it in one.statements], indent=2)
