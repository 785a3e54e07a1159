"""`fairlead db rehearse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.cli.backup.common import size
from fairlead.cli.db.common import asked_options, databases, source_option, version_of
from fairlead.cli.session import Session, dim, green, red, tell, yellow
from fairlead.cli.text import table
from fairlead.cli.verb import environment, failing, verb

if TYPE_CHECKING:
    from fairlead.operations.trials.copies import Source
    from fairlead.postgres.rehearsal import Rehearsal, Seen

MARKS = {"fit": green, "slow": yellow, "breaks": red, "fails": red}


@verb("fairlead db rehearse production", "fairlead db rehearse production shop --from backup", name="rehearse")
@environment()
@databases
@asked_options
@source_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], contract: bool, target: str | None, source: Source
) -> None:
    """Run what is pending in ENV's databases on a copy of them: what it locks and rewrites, and how long that takes.

    The command of another tool (`migrator`) runs with the artifact that a deployment would have now.

    The queries of the release that runs, as pg_stat_statements has them, are prepared against the new schema. The live
    database is read, and nothing else. The report is kept in the ledger. The exit code is 1 when a migration fails, a
    query breaks, or somebody would wait for longer than `lock_timeout`.
    """
    from fairlead.operations.db.plan import Asked  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.rehearse import rehearse  # noqa: PLC0415

    asked = Asked(contract, version_of(target))
    found = rehearse(session.project(), environment, databases, asked, source, lambda text: tell(f"→ {text}"))
    ok = all(one.verdict.value == "fit" for one in found)
    data = {"environment": environment, "ok": ok, "databases": [one.to_data() for one in found]}
    session.answer(data, "\n".join(map(_text, found)))
    failing(ok)


def _text(one: Rehearsal) -> str:
    mark = MARKS[one.verdict.value](one.verdict.value)
    lines = [f"{one.database}, from {one.source}: {mark}" + ("" if one.prints else ", nothing is pending")]
    lines += [table([_row(step) for step in one.seen], indent=2)] if one.seen else []
    lines += [f"  {yellow('!')} nobody {it.whom} {it.table} ({size(it.bytes)}) for {it.ms:.0f} ms: {it.file}"
              for it in one.slow]  # fmt: skip
    lines += [f"  {red('✗')} {it.why}: {dim(' '.join(it.query.split()))}" for it in one.broken]
    lines += [f"  {red('✗')} {one.failure}"] if one.failure else []
    tried = f"queries of the release that runs that were tried: {one.tried}"
    return "\n".join([*lines, f"  {dim(one.unseen or tried)}"])


def _row(step: Seen) -> tuple[str, ...]:
    locks = ", ".join(f"{one.mode.removesuffix('Lock')} {one.table}" for one in step.locks) or step.predicted
    rewrites = ", ".join(f"rewrites {one.name} ({size(one.bytes)})" for one in step.rewrites)
    return (f"{step.file}:{step.line}", f"{step.ms:.0f} ms", step.text, "; ".join(filter(None, (locks, rewrites))))
