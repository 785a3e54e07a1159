"""What the commands of `fairlead db` share: their arguments, how a run is told and how its result is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.session import Session, bold, described, dim, green, red, tell, yellow
from fairlead.cli.text import count, duration, table
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.operations.by_hand import Keep
    from fairlead.operations.db.chosen import Database
    from fairlead.operations.db.migrate import Moved
    from fairlead.operations.db.plan import Planned
    from fairlead.postgres.events import Emit, Event
    from fairlead.postgres.risk import Risk
    from fairlead.postgres.undo_proof import Proof
    from fairlead.postgres.version import Version

SEVERITIES = {"error": red, "warning": yellow, "note": dim}
TOLD = {"begin", "retry", "note", "wait"}  #: kinds of events that a person sees


def databases(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments DATABASE: none is all that have migrations."""
    return click.argument("databases", metavar="[DATABASE]...", nargs=-1)(function)


def lock_wait(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--wait SECONDS`."""
    return click.option(
        "--wait", type=click.FloatRange(min=0), default=60.0, metavar="SECONDS",
        help="How long to wait for somebody else who migrates (default: 60).",
    )(function)  # fmt: skip


def plan_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--plan`."""
    return click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and do nothing.")(function)


def asked_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--contract` and `--target VERSION`."""
    function = click.option(
        "--contract", is_flag=True, help="The contract folder too: the old release is gone for good."
    )(function)
    return click.option("--target", metavar="VERSION", help="No version above this one.")(function)


def source_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--from live|backup|files`."""
    return click.option(
        "--from", "source", type=click.Choice(["live", "backup", "files"]), default="live",
        help="What the copy is made of: the database as it is (default), its newest backup, or no rows at all.",
    )(function)  # fmt: skip


def chosen_databases(session: Session, environment: str, names: Sequence[str]) -> tuple[Database, ...]:
    """Those that are meant; their URLs are read from where the environment's secrets are."""
    from fairlead.operations.db.chosen import chosen  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    return chosen(project.outline(environment), project.root, names)


def snapshot_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--no-snapshot`."""
    return click.option(
        "--no-snapshot", is_flag=True, help="Make no restore point before, and no backup where the store has them."
    )(function)


def keep_of(session: Session, environment: str, no_snapshot: bool) -> Keep:
    """What is kept before schemas move."""
    from fairlead.operations.by_hand import keeping  # noqa: PLC0415 — start-up is part of the product
    from fairlead.system.home import Place  # noqa: PLC0415

    project = session.project()
    place = Place.of(project.name, environment)
    return keeping(project.outline(environment), project.root, place, telling(), not no_snapshot)


def version_of(text: str | None) -> Version | None:
    """UsageError for what is none."""
    from fairlead.postgres.version import Version  # noqa: PLC0415

    try:
        return Version(text) if text is not None else None
    except ValueError as error:
        raise UsageError(str(error), "such as 3, or 2.1") from None


def telling() -> Emit:
    """What a run says, line by line on stderr."""

    def emit(event: Event) -> None:
        if event.kind in TOLD:
            mark = {"begin": "→", "retry": yellow("↻"), "wait": yellow("…")}.get(event.kind, dim("·"))
            tell(f"{mark} {event.script + ': ' if event.script and event.kind != 'retry' else ''}{event.text}")

    return emit


def show_plans(
    session: Session, environment: str, plans: Sequence[Planned], proofs: Sequence[Proof] | None = None
) -> None:
    """Steps and risks of each database; of an undo what it costs."""
    data = [
        {"database": one.database, "address": one.address, "steps": [step.as_data() for step in one.plan.steps],
         "risks": [asdict(risk) for risk in one.risks]}
        for one in plans
    ]  # fmt: skip
    costs = {"undo": [proof_data(one) for one in proofs]} if proofs is not None else {}
    text = "\n".join([*map(_plan_text, plans), *map(proof_line, proofs or ())])
    session.answer({"environment": environment, "databases": data} | costs, text)


def _plan_text(one: Planned) -> str:
    steps = one.plan.steps
    head = f"{one.database} {dim(one.address)}: " + (count(len(steps), "step") if steps else "nothing to do")
    rows = [(step.act, step.script or "-", step.what) for step in steps]
    return "\n".join(part for part in (head, table(rows, indent=2), risk_lines(one.risks)) if part)


MARKS = {"lossless": green, "lossy": yellow, "none": dim, "unproven": red}


def proof_line(one: Proof) -> str:
    """A version, the class of its undo, and why."""
    kind = "lossless while nobody writes into what it made" if one.while_unwritten else one.kind.value
    why = (f"    {dim(text)}" for text in (*(loss.text for loss in one.losses), *one.doubts))
    return "\n".join([f"  {one.version}: {MARKS[one.kind.value](kind)}", *why])


def proof_data(one: Proof) -> dict[str, Any]:
    """The same for machines."""
    return one.to_data() | {"while_unwritten": one.while_unwritten}


def risk_lines(risks: Sequence[Risk]) -> str:
    """Each with the better way."""
    return "\n".join(
        f"  {SEVERITIES[one.severity](one.severity)} {one.file}:{one.line}:{one.column}: {one.message}"
        f" {dim(f'[{one.rule}]')}\n    {dim(one.advice)}"
        for one in risks
    )


def show_moved(session: Session, environment: str, moved: Sequence[Moved]) -> None:
    """What came of each; the exit code is that of the first that failed."""
    data = [
        {"database": one.database, "address": one.address, "done": list(one.done), "version": one.version,
         "seconds": round(one.seconds, 3), "ok": one.begun and one.error is None,
         "error": described(one.error) if one.error else None}
        for one in moved
    ]  # fmt: skip
    failed = next((one.error for one in moved if one.error), None)
    document = {"environment": environment, "ok": failed is None, "databases": data}
    session.answer(document, "\n".join(map(_moved_text, moved)))
    if failed is not None:
        if failed.hint:
            tell(f"{bold('hint:')} {failed.hint}")
        click.get_current_context().exit(failed.exit_code)


def _moved_text(one: Moved) -> str:
    if not one.begun:
        return f"{dim('-')} {one.database}: not begun, since another one failed"
    if one.error is not None:
        done = f"\n  before that: {', '.join(one.done)}" if one.done else ""
        return f"{red('✗')} {one.database} {dim(one.address)}: {one.error.message}{done}"
    what = count(len(one.done), "file") if one.done else "nothing to do"
    now = f", at version {one.version}" if one.version else ""
    return f"{green('✓')} {one.database} {dim(one.address)}: {what} in {duration(one.seconds)}{now}"
