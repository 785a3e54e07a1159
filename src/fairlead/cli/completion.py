"""`fairlead completion`: what a shell needs to complete commands, options and environments."""

from __future__ import annotations

import click

from fairlead.cli.session import Session
from fairlead.cli.verb import verb

SHELLS = ("bash", "zsh", "fish")


@verb('eval "$(fairlead completion bash)"', "fairlead completion fish | source", name="completion", file=False)
@click.argument("shell", type=click.Choice(SHELLS))
def command(session: Session, shell: str) -> None:
    """Print the script that completes fairlead commands in SHELL; put the example line into its start-up file."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    from fairlead.cli.main import fairlead  # noqa: PLC0415 — it imports the commands

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 — click has the three
    script = kind(fairlead, {}, "fairlead", "_FAIRLEAD_COMPLETE").source()
    session.answer({"shell": shell, "script": script}, script)
