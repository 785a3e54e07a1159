"""`fairlead db prove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.cli.db.common import (
    asked_options,
    chosen_databases,
    databases,
    proof_data,
    proof_line,
    source_option,
    version_of,
)
from fairlead.cli.session import Session, dim, tell
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.trials.copies import Source
    from fairlead.operations.trials.prove import Proved


@verb("fairlead db prove production", "fairlead db prove production shop --from backup", name="prove")
@environment()
@databases
@asked_options
@source_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], contract: bool, target: str | None, source: Source
) -> None:
    """Try, on a copy, whether the pending versions of ENV's databases can be taken back, and what that would lose.

    Each is run, undone and run again, with a look at every value and at the schema between. The live database is read,
    and nothing else. What came of it is kept in the ledger, and `fairlead db undo --plan` shows it.
    """
    from fairlead.operations.db.plan import Asked  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.trials.prove import prove  # noqa: PLC0415

    project = session.project()
    some = chosen_databases(session, environment, databases)
    asked = Asked(contract, version_of(target))
    stack = project.outline(environment)
    found = prove(stack, project.root, some, asked, source, lambda text: tell(f"→ {text}"))
    data = [
        {"database": one.database, "address": one.address, "source": one.source,
         "versions": [proof_data(proof) for proof in one.proofs]}
        for one in found
    ]  # fmt: skip
    session.answer({"environment": environment, "databases": data}, "\n".join(map(_text, found)))


def _text(one: Proved) -> str:
    head = f"{one.database} {dim(one.address)}, from {one.source}:" + ("" if one.proofs else " nothing is pending")
    return "\n".join([head, *map(proof_line, one.proofs)])
