"""`fairlead edge test`."""

from __future__ import annotations

from dataclasses import asdict

import click

from fairlead.cli.session import Session, dim, green, red
from fairlead.cli.text import table
from fairlead.cli.verb import environment, verb, write_examples

OUTCOMES = {"passed": green, "failed": red, "not tested": dim}


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        write_examples(formatter, ("fairlead edge test production", "fairlead edge test production --json"))


@click.group("edge", cls=Group)
def command() -> None:
    """Try what the edge does with requests."""


@verb("fairlead edge test production", name="test", short="Try each route and policy on the running system.")
@environment()
def test(session: Session, environment: str) -> None:
    """Try each route and policy of ENV's live release on the running system; the exit code is 1 when one fails.

    Requests go to the edge where users do. Bodies that are too large are announced and not sent, limits are tried with
    GET requests to the route itself, at most 500 of each; what would take more is named as not tested. The limits of
    the address you come from are used up for a moment.
    """
    from fairlead.operations.edge.test import test as tested  # noqa: PLC0415 — start-up is part of the product

    found = tested(session.place(environment))
    rows = [(one.route, one.policy, OUTCOMES[one.outcome](one.outcome), one.detail) for one in found.results]
    text = table(rows, ("route", "policy", "result", "what came")) if rows else "no route says anything to be tried"
    data = {
        "environment": environment, "ok": found.ok, "release": found.release, "address": found.address,
        "trials": [asdict(one) for one in found.results],
    }  # fmt: skip
    session.answer(data, text)
    if not found.ok:
        click.get_current_context().exit(1)


command.add_command(test)
