"""`fairlead secrets edit`."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, green, red, tell
from fairlead.cli.verb import environment, verb


@verb("fairlead secrets edit production", name="edit", short=VERBS["edit"])
@environment()
def command(session: Session, environment: str) -> None:
    """Open the values of ENV in the editor that VISUAL or EDITOR names.

    They stand in a file that only you can read, in memory where the machine has such a place, and that is gone when
    the editor is closed, whatever happens. Only values that you changed are encrypted anew.
    """
    from fairlead.operations.secrets.edit import edit  # noqa: PLC0415 — start-up is part of the product

    done = edit(session.project(), environment, _again)
    words = (("new", done.new), ("changed", done.changed), ("taken out", done.removed))
    lines = [f"{green('✓')} {word}: {', '.join(names)}" for word, names in words if names]
    session.answer({"environment": environment, **asdict(done)}, "\n".join(lines) or "nothing was changed")


def _again(what: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    tell(f"{red('error:')} {what}")
    return click.confirm("open the editor again?", default=True, err=True)
