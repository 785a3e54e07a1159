"""`fairlead attach`: follow what is under way, wherever it runs."""

from __future__ import annotations

import click

from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb


@verb("fairlead attach production", "fairlead attach production --json", name="attach", stream=True)
@environment()
def command(session: Session, environment: str) -> None:
    """Find what was begun in ENV over SSH, and follow it to its end; the exit code is the one it ends with.

    A broken connection does not stop a deployment: this finds it again. When nothing is under way it shows what came of
    the last one. Ctrl-C is carried over as always, a second one leaves it alone.
    """
    from fairlead.cli.remote.attached import attached  # noqa: PLC0415 — start-up is part of the product

    code = attached(session, environment)
    if code:
        click.get_current_context().exit(code)
