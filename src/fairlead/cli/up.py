"""`fairlead up`: bring an environment back."""

from __future__ import annotations

from fairlead.cli.session import Session, green
from fairlead.cli.verb import environment, verb, wait_option


@verb("fairlead up production", name="up", stream=True)
@environment()
@wait_option
def command(session: Session, environment: str, wait: float) -> None:
    """Have ENV running as the ledger says it should be: after a reboot, after `fairlead stop`, after anything."""
    from fairlead.cli.outcome import simple  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.up import up  # noqa: PLC0415

    place = session.place(environment)
    live = simple(session, f"starting {environment}", lambda emit: up(place, wait, emit))
    text = f"{green('✓')} {live} is live" if live else f"{environment} is up; nothing was ever deployed to it"
    session.answer({"kind": "result", "ok": True, "release": live}, text)
