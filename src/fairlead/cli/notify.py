"""`fairlead notify test` and `fairlead notify log`."""

from __future__ import annotations

from dataclasses import asdict

import click

from fairlead.cli.session import Session, dim, green, red
from fairlead.cli.text import at, table
from fairlead.cli.verb import environment, verb, write_examples
from fairlead.errors import FairleadError

RESULTS = {"sent": green, "failed": red, "given up": red}


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        write_examples(formatter, ("fairlead notify test production", "fairlead notify log production"))


@click.group("notify", cls=Group)
def command() -> None:
    """Send a test to those who are told of deployments, or show what was sent and what failed.

    Who is told of what stands in the project file, under `notify`.
    """


@verb("fairlead notify test production", name="test", short="Send a test message to each receiver, now.")
@environment()
def test(session: Session, environment: str) -> None:
    """Send a test message to each receiver of ENV, now; the exit code is 1 when one of them did not take it.

    An address is read from your environment variable, or else is the one of the last deployment.
    """
    from fairlead.operations.notify.trial import trial  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.secrets.supply import Supply  # noqa: PLC0415

    project = session.project()
    stack = project.stack(environment)
    if not stack.notify:
        raise FairleadError(f"nobody is told of {environment}", "name them under `notify` in the project file")
    place = session.place(environment)
    told = trial(stack, place, Supply(stack, project.root, place).environ())
    lines = [
        f"{green('✓') if one.sent else red('✗')} {one.to} ({one.secret}){'' if one.sent else f': {one.error}'}"
        + (dim(f"\n  {one.hint}") if one.hint else "")
        for one in told
    ]
    ok = all(one.sent for one in told)
    data = {"environment": environment, "ok": ok, "receivers": [asdict(one) for one in told]}
    session.answer(data, "\n".join(lines))
    if not ok:
        click.get_current_context().exit(1)


@verb("fairlead notify log production", name="log", short="Show what was sent and what failed, the newest last.")
@environment()
@click.option("--limit", type=click.IntRange(min=1), default=30, help="At most so many, the newest (default: 30).")
def log(session: Session, environment: str, limit: int) -> None:
    """Show every attempt to tell somebody of ENV, the newest last."""
    from fairlead.operations.notify.log import read  # noqa: PLC0415 — start-up is part of the product

    found = read(session.place(environment), limit)
    rows = [
        (at(one.time), one.receiver, one.event, RESULTS.get(one.result, dim)(one.result), str(one.tries),
         one.title + (dim(f": {one.error}") if one.error else ""))
        for one in found
    ]  # fmt: skip
    text = table(rows, ("when", "receiver", "event", "result", "try", "message")) if rows else "nothing was sent yet"
    session.answer({"environment": environment, "messages": [asdict(one) for one in found]}, text)


command.add_command(test)
command.add_command(log)
