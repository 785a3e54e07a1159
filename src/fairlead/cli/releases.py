"""`fairlead releases`: what can be gone back to."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fairlead.cli.session import Session, bold, dim, green, red
from fairlead.cli.text import ago, duration, table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.releases import Kept


@verb("fairlead releases production", name="releases")
@environment()
def command(session: Session, environment: str) -> None:
    """Show the releases that ENV keeps, the newest first: `fairlead rollback ENV --to RELEASE` goes to any of them."""
    from fairlead.operations.releases import releases  # noqa: PLC0415 — start-up is part of the product

    found = releases(session.place(environment))
    text = table([_row(one) for one in found], ("release", "made", "state", "who", "what"))
    data = {"environment": environment, "releases": [asdict(one) for one in found]}
    session.answer(data, text if found else f"no releases yet; `fairlead deploy {environment}`")


def _row(one: Kept) -> tuple[str, ...]:
    from fairlead.cli.status import what, who  # noqa: PLC0415

    states = [green("live")] if one.live else []
    states += [f"warm for {duration(one.warm)}"] if one.warm and not one.live else []
    states += ["rollback goes here"] if one.previous else []
    states += [red("its artifact is gone")] if not one.complete and not one.damaged else []
    states += [red("its file is damaged")] if one.damaged else []
    states += [dim("was never live")] if one.last_live is None else []
    made = ago(one.created) if one.created else "-"
    return bold(one.id), made, ", ".join(states) or "kept", who(one.origin), what(one.origin)
