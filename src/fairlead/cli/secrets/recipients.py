"""`fairlead secrets recipients list|add|remove|me`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, bold, dim, green, tell, yellow
from fairlead.cli.text import count
from fairlead.cli.verb import environment, verb, write_examples

if TYPE_CHECKING:
    from fairlead.operations.secrets.recipients import Whom

HISTORY = "what they could read they may have kept, and git's history stays readable to them: rotate these values"


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        examples = ("fairlead secrets recipients list production", "fairlead secrets recipients add production age1…")
        write_examples(formatter, examples)


@click.group("recipients", cls=Group)
def command() -> None:
    """Say who can open an environment's file of secrets, and change it.

    A recipient is the public half of a key of age, or an SSH public key.
    """


@verb("fairlead secrets recipients list production", name="list", short="Whom the file is for.")
@environment()
def list_(session: Session, environment: str) -> None:
    """List the recipients of ENV's file, yours marked."""
    from fairlead.operations.secrets.recipients import whom  # noqa: PLC0415 — start-up is part of the product

    _answer(session, environment, whom(session.project(), environment))


@verb("fairlead secrets recipients add production age1…", name="add", short="Have others open it too.")
@environment()
@click.argument("recipients", nargs=-1, required=True, metavar="RECIPIENT...")
def add(session: Session, environment: str, recipients: tuple[str, ...]) -> None:
    """Have these open ENV's file too."""
    from fairlead.operations.secrets.recipients import add as give  # noqa: PLC0415

    _answer(session, environment, give(session.project(), environment, recipients))


@verb("fairlead secrets recipients remove production age1…", name="remove", short="Have others open it no more.")
@environment()
@click.argument("recipients", nargs=-1, required=True, metavar="RECIPIENT...")
def remove(session: Session, environment: str, recipients: tuple[str, ...]) -> None:
    """Have these open ENV's file no more: a new data key, and everything encrypted anew.

    That is for what comes. What they could read until now they may have kept, and it stays readable to them in the
    history of git: the values that have to be rotated are listed.
    """
    from fairlead.operations.secrets.recipients import remove as take  # noqa: PLC0415

    done = take(session.project(), environment, recipients)
    _answer(session, environment, done)
    if done.rotate:
        tell(f"{yellow('warning:')} {HISTORY}: {', '.join(done.rotate)}")


@verb("fairlead secrets recipients me", name="me", short="Print your own, for those who have access.", file=False)
def me(session: Session) -> None:
    """Print your recipient, and make a key when you have none. It is no secret: send it to somebody who has access."""
    from fairlead.operations.secrets.init import my_recipient  # noqa: PLC0415
    from fairlead.secrets.identities import keys  # noqa: PLC0415
    from fairlead.secrets.table import require  # noqa: PLC0415

    require("age")
    mine, made = my_recipient(keys().recipients)
    session.answer({"recipient": mine, "made": str(made) if made else None}, mine)
    if made:
        tell(f"{yellow('a new key:')} {made}; keep a copy of it where only you get at it")


def _answer(session: Session, environment: str, found: Whom) -> None:
    lines = [f"{green('✓')} {found.where} is for {count(len(found.recipients), 'recipient')}"]
    lines += [f"  {one}{bold('  you') if one in found.mine else ''}" for one in found.recipients]
    session.answer({"environment": environment, **asdict(found)}, "\n".join(lines))
    if found.by_hand:
        tell(dim(".sops.yaml is kept by hand: give it the same recipients"))


for each in (list_, add, remove, me):
    command.add_command(each)
