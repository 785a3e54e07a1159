"""`fairlead stores apply`."""

from __future__ import annotations

from dataclasses import asdict

import click

from fairlead.cli.session import Session, green
from fairlead.cli.verb import environment, verb, wait_option, yes_option


@verb(
    "fairlead stores apply production",
    "fairlead stores apply production --plan",
    name="apply",
    short="Make stores as they are declared now.",
    stream=True,
)
@environment()
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be done, and do nothing.")
@yes_option
@wait_option
def command(session: Session, environment: str, only_plan: bool, yes: bool, wait: float) -> None:
    """Have the stores of ENV as the project file declares them.

    One that was declared otherwise is made anew: it is away for a moment, and its data stays. One that is declared no
    more is ended; its data stays too, until you remove it yourself.
    """
    from fairlead.cli.outcome import simple  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.apply_stores import apply, planned  # noqa: PLC0415

    project = session.project()
    steps = planned(project, environment)
    lines = [step.text for step in steps if step.kind != "have"] or ["nothing to do: all stores are as declared"]
    if only_plan:
        session.answer({"kind": "plan", "steps": [asdict(one) for one in steps]}, "\n".join(lines))
        return
    if any(step.asks or step.kind == "leave" for step in steps):
        session.confirm("\n".join([*lines, "do it?"]), yes)
    simple(session, f"stores of {environment}", lambda emit: apply(project, environment, wait, emit))
    session.answer({"kind": "result", "ok": True, "steps": [asdict(one) for one in steps]}, f"{green('✓')} done")
