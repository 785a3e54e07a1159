"""`fairlead certs ca`, `fairlead certs list` and `fairlead certs renew`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb, write_examples

if TYPE_CHECKING:
    from fairlead.operations.certificates import InForce


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        write_examples(formatter, ("fairlead certs ca local > root.pem", "fairlead certs renew production"))


@click.group("certs", cls=Group)
def command() -> None:
    """Certificates of https: what to trust, what is in force, and having newer ones without a restart."""


@verb("fairlead certs ca local > root.pem", name="ca", short="Print the root certificate of the project's authority.")
@environment()
def ca(session: Session, environment: str) -> None:
    """Print the root certificate that the project's own authority on this machine signs with, to be trusted.

    It signs for the edge where no certificates are given. Whoever trusts it trusts all environments of this project
    on this machine, and nothing else.
    """
    from fairlead.operations.certificates import root  # noqa: PLC0415 — start-up is part of the product

    text = root(session.place(environment))
    session.answer({"root": text}, text.rstrip())


@verb("fairlead certs list production", name="list", short="Show what the edge serves with, and until when.")
@environment()
def list_(session: Session, environment: str) -> None:
    """Show the certificates that the edge of ENV serves with: for which names, until when, and who made them."""
    from fairlead.operations.certificates import in_force  # noqa: PLC0415 — start-up is part of the product

    _show(session, environment, in_force(session.place(environment)))


@verb("fairlead certs renew production", name="renew", short="Serve with newer ones, without a restart.")
@environment()
def renew(session: Session, environment: str) -> None:
    """Read the certificates that the project file names again, and serve with them; nobody is cut off.

    Where none are given, the project's own authority makes one that is due; the keeper does that by itself. When one
    cannot be used, those in force stay.
    """
    from fairlead.operations.certificates import renew as renewed  # noqa: PLC0415 — start-up is part of the product

    _show(session, environment, renewed(session.project(), environment))


def _show(session: Session, environment: str, found: tuple[InForce, ...]) -> None:
    rows = [
        (", ".join(one.names), one.until.strftime("%Y-%m-%d"), "this project" if one.own else "given") for one in found
    ]
    data = [{"names": one.names, "until": one.until.isoformat(), "own": one.own} for one in found]
    text = table(rows, ("names", "until", "made by")) or "no https"
    session.answer({"environment": environment, "certificates": data}, text)


command.add_command(ca)
command.add_command(list_)
command.add_command(renew)
