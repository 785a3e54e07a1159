"""`fairlead db validate`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fairlead.cli.db.common import chosen_databases, databases, risk_lines
from fairlead.cli.session import Session, dim, green, red, yellow
from fairlead.cli.verb import environment, failing, verb

if TYPE_CHECKING:
    from fairlead.operations.db.validate import Validation


@verb("fairlead db validate production", name="validate")
@environment()
@databases
def command(session: Session, environment: str, databases: tuple[str, ...]) -> None:
    """Compare the files of ENV's databases with their histories, and look at what is pending for what is risky.

    The exit code is 1 when something keeps `fairlead db migrate` from running.
    """
    from fairlead.operations.db.validate import validate  # noqa: PLC0415 — start-up is part of the product

    found = validate(chosen_databases(session, environment, databases))
    ok = all(one.ok for one in found)
    data = [asdict(one) | {"ok": one.ok} for one in found]
    session.answer({"environment": environment, "ok": ok, "databases": data}, "\n".join(map(_text, found)))
    failing(ok)


def _text(one: Validation) -> str:
    mark = green("✓") if one.ok else red("✗")
    lines = [f"{mark} {one.database} {dim(one.address)}: {one.pending} pending"]
    lines += [f"  {red('✗')} {mistake.message}\n    {dim(mistake.hint)}" for mistake in one.mistakes]
    lines += [f"  {red('✗')} {finding}" for finding in one.findings]
    lines += [f"  {yellow('!')} the index {index} is INVALID: build it again, or drop it" for index in one.invalid]
    return "\n".join([*lines, *([risk_lines(one.risks)] if one.risks else [])])
