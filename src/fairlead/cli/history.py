"""`fairlead history`: what happened to an environment."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, dim, green, red, yellow
from fairlead.cli.text import at, duration, table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.history import Event

RESULTS = {"live": green, "undone": red, "unfinished": yellow}


@verb("fairlead history production", "fairlead history production --limit 100 --json", name="history")
@environment()
@click.option("--limit", type=click.IntRange(min=1), default=20, help="At most so many (default: 20).")
def command(session: Session, environment: str, limit: int) -> None:
    """Show the deployments, rollbacks, promotions, stops and starts of ENV, the newest first."""
    from fairlead.operations.history import history  # noqa: PLC0415 — start-up is part of the product

    events = history(session.place(environment), limit)
    rows = [_row(event) for event in events]
    reasons = [dim(f"  rollout {one.rollout}: {one.reason.splitlines()[0]}") for one in events if one.reason]
    text = table(rows, ("when", "what", "release", "result", "took", "lost", "who", "why"))
    text = "\n".join([text, *reasons]) if rows else "nothing happened here yet"
    session.answer({"environment": environment, "events": [asdict(event) for event in events]}, text)


def _row(event: Event) -> tuple[str, ...]:
    from fairlead.cli.status import what, who  # noqa: PLC0415

    result = "undone" if event.result == "undone" else event.result
    shown = RESULTS.get(result, dim)(result) + (" (recovered)" if event.recovered else "")
    took = duration(event.seconds) if event.seconds is not None else "-"
    operation = event.operation if event.rollout is None else f"{event.operation} #{event.rollout}"
    lost = str(event.report["lost"]) if "lost" in event.report else "-"
    return (
        at(event.time), operation, event.release or "-", shown, took, lost, who(event.origin),
        what(event.origin, event.why),
    )  # fmt: skip
