"""`fairlead stop`: end everything of an environment."""

from __future__ import annotations

from fairlead.cli.session import Session, green
from fairlead.cli.verb import environment, verb, wait_option, yes_option


@verb("fairlead stop local", "fairlead stop production --yes", name="stop", stream=True)
@environment()
@yes_option
@wait_option
def command(session: Session, environment: str, yes: bool, wait: float) -> None:
    """End everything of ENV: no new requests, those that are open are finished, then all instances stop.

    Nothing is forgotten: `fairlead up ENV` brings it back as it was.
    """
    from fairlead.cli.outcome import simple  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.up import stop  # noqa: PLC0415

    place = session.place(environment)
    session.confirm(f"Stop everything in {environment}? It answers nobody until `fairlead up {environment}`.", yes)
    left = f"`fairlead stop {environment}` ends the rest, `fairlead up {environment}` brings all of it back"
    simple(session, f"stopping {environment}", lambda emit: stop(place, wait, emit), left)
    session.answer({"kind": "result", "ok": True, "environment": environment}, f"{green('✓')} {environment} is stopped")
