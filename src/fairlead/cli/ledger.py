"""`fairlead ledger show` and `fairlead ledger verify`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from fairlead.cli.session import Session, dim, green
from fairlead.cli.text import at, table
from fairlead.cli.verb import environment, verb, write_examples
from fairlead.errors import FairleadError

LONGEST = 90  #: columns of an entry's data in the table


class Group(click.Group):
    """With examples, as every command."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """They stand below the commands."""
        write_examples(formatter, ("fairlead ledger verify production", "fairlead ledger show production --limit 10"))


@click.group("ledger", cls=Group)
def command() -> None:
    """Show or verify the log that everything is written to, before and after it happens."""


@verb("fairlead ledger verify production", name="verify", short="Recompute all of it; name the first bad entry.")
@environment()
def verify(session: Session, environment: str) -> None:
    """Recompute every hash of ENV's ledger; the exit code is 1 when an entry is not as it was written.

    Keep the root that it prints somewhere else: only with it can a ledger be told from one that was rewritten whole.
    """
    from fairlead.operations.ledger import verification  # noqa: PLC0415 — start-up is part of the product

    found = verification(session.place(environment))
    if not found.ok:
        what = f"the ledger of {environment} is not as it was written: {found.reason}"
        raise FairleadError(what, "restore it from a backup, and find out who changed it")
    session.answer(asdict(found), f"{green('✓')} {found.size} entries are as they were written\nroot {found.root}")


@verb("fairlead ledger show production --rollout 3", name="show", short="Print its entries, the newest last.")
@environment()
@click.option("--limit", type=click.IntRange(min=1), default=30, help="At most so many, the newest (default: 30).")
@click.option("--rollout", type=click.IntRange(min=1), metavar="N", help="Only those of one rollout.")
def show(session: Session, environment: str, limit: int, rollout: int | None) -> None:
    """Print the entries of ENV's ledger, the newest last; whole with --json."""
    from fairlead.operations.ledger import entries  # noqa: PLC0415 — start-up is part of the product

    found = entries(session.place(environment), limit, rollout)
    rows = [
        (str(one.number), at(one.time), str(one.rollout or "-"), one.kind, dim(_short(one.data)), one.leaf[:12])
        for one in found
    ]
    text = table(rows, ("no", "when", "rollout", "kind", "data", "leaf"))
    session.answer({"environment": environment, "entries": [asdict(one) for one in found]}, text or "no entries")


def _short(data: dict[str, object]) -> str:
    if "what" in data:
        return str(data["what"])[:LONGEST]
    text = json.dumps({key: value for key, value in data.items() if key not in ("plan", "origin")}, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


command.add_command(verify)
command.add_command(show)
