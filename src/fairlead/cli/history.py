"""`fairlead history`: what happened to an environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, dim, green, red, yellow
from fairlead.cli.text import at, duration, table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.history import Event

RESULTS = {"live": green, "undone": red, "unfinished": yellow, "waiting": yellow}


@verb("fairlead history production", "fairlead history production --limit 100 --json", name="history")
@environment()
@click.option("--limit", type=click.IntRange(min=1), default=20, help="At most so many (default: 20).")
def command(session: Session, environment: str, limit: int) -> None:
    """Show the deployments, rollbacks, promotions, stops and starts of ENV, the newest first."""
    from fairlead.operations.history import history  # noqa: PLC0415 — start-up is part of the product

    events = history(session.place(environment), limit)
    rows = [_row(event) for event in events]
    reasons = [dim(f"  rollout {one.rollout}: {line}") for one in events for line in _told(one)]
    text = table(rows, ("when", "what", "release", "result", "took", "lost", "who", "why"))
    text = "\n".join([text, *reasons]) if rows else "nothing happened here yet"
    session.answer({"environment": environment, "events": [asdict(event) for event in events]}, text)


def _told(event: Event) -> Iterator[str]:
    """What people and the evidence said of it, in the order of the day."""
    for said in event.orders:
        why = f': "{_first(said["why"])}"' if said["why"] else ""
        yield f"{said['order']} by {said['by']} at {at(said['time'])}{why}"
    if event.reason and not any(event.reason.startswith(f"{said['order']} by ") for said in event.orders):
        yield _first(event.reason)
    elif event.automatic:
        yield f"by itself: {_first(event.why)}"
    elif event.verdict and event.result == "live":
        yield _first(str(event.verdict["text"]))
    for kept in event.snapshots:
        what = ", ".join(filter(None, (kept["restore_point"], kept["backup"] and f"backup {kept['backup']}")))
        yield f"{kept['store']} before it: {what or 'nothing is kept'}"
    if event.watch:
        reason = f": {_first(event.watch['reason'])}" if event.watch["reason"] else ""
        yield f"watched after the switch, {event.watch['result']}{reason}"


def _first(text: str) -> str:
    return text.partition("\n")[0]


def _row(event: Event) -> tuple[str, ...]:
    from fairlead.cli.status import what, who  # noqa: PLC0415

    shown = RESULTS.get(event.result, dim)(event.result) + (" (recovered)" if event.recovered else "")
    took = duration(event.seconds) if event.seconds is not None else "-"
    operation = event.operation if event.rollout is None else f"{event.operation} #{event.rollout}"
    lost = str(event.report["lost"]) if "lost" in event.report else "-"
    by, why = (f"the {event.automatic}", "") if event.automatic else (who(event.origin), _first(event.why))
    return at(event.time), operation, event.release or "-", shown, took, lost, by, what(event.origin, why)
