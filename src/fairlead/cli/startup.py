"""`fairlead startup`: have environments come back when the machine starts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, bold, green, tell, yellow
from fairlead.cli.verb import verb, write_examples

if TYPE_CHECKING:
    from fairlead.operations.startup import Startup


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        write_examples(formatter, ("fairlead startup show", "fairlead startup install"))


@click.group("startup", cls=Group)
def command() -> None:
    """Have every environment of this machine that nobody stopped come back when it starts, by a unit of systemd.

    Without it the engine starts containers again, but nobody looks after them, and plain processes stay away.
    """


@verb("fairlead startup show", "fairlead startup show --unit", name="show", short="Say how it stands.", file=False)
@click.option("--unit", "only_unit", is_flag=True, help="Print the unit alone.")
def show(session: Session, only_unit: bool) -> None:
    """Say whether environments of this machine come back when it starts."""
    from fairlead.operations.startup import startup  # noqa: PLC0415 — start-up is part of the product

    found = startup()
    session.answer(_data(found), found.text.rstrip("\n") if only_unit else _shown(found))


@verb("fairlead startup install", name="install", short="Have them come back.", file=False)
def install(session: Session) -> None:
    """Write the unit that runs `fairlead up --all` when the machine starts, and enable it.

    Root's is a unit of the system, another user's one of that user's own. Run again, it does what is left to do: after
    Fairlead has moved, or when PATH changed. Nothing is started or ended now.
    """
    from fairlead.operations.startup import install as operation  # noqa: PLC0415 — start-up is part of the product

    found = operation()
    session.answer(_data(found), _shown(found))
    if not found.lingers:
        tell(f"{bold('hint:')} {LINGER}")


LINGER = "this user's units run only while somebody is logged in; `loginctl enable-linger` changes that"


@verb("fairlead startup remove", name="remove", short="Have them stay away.", file=False)
def remove(session: Session) -> None:
    """Take the unit away. What runs goes on."""
    from fairlead.operations.startup import remove as operation  # noqa: PLC0415 — start-up is part of the product

    gone = operation()
    text = f"{green('✓')} nothing comes back when this machine starts" if gone else "there was no unit"
    session.answer({"removed": gone}, text)


def _data(found: Startup) -> dict[str, object]:
    return {**asdict(found), "name": found.name, "on": found.on}


def _shown(found: Startup) -> str:
    if found.on:
        return f"{green('✓')} environments come back when this machine starts, by {found.path}"
    why = "systemd does not run this machine" if not found.systemd else ""
    why = why or ("there is no unit: `fairlead startup install`" if not found.enabled else "")
    why = why or (f"{found.path} is of another Fairlead: `fairlead startup install`" if not found.written else LINGER)
    return f"{yellow('no environment comes back when this machine starts:')} {why}"


command.add_command(show)
command.add_command(install)
command.add_command(remove)
