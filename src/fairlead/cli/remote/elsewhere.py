"""A command of which at least one environment runs on another machine: what is to be done with it."""

from __future__ import annotations

import click

from fairlead.cli.remote.arguments import argv, sent
from fairlead.cli.remote.each import each
from fairlead.cli.remote.here import address_of, carry
from fairlead.cli.remote.table import Row, Words, row_of
from fairlead.cli.session import Session
from fairlead.errors import UsageError
from fairlead.hosts.table import host_of
from fairlead.operations.remote.bound import terminal_line


def elsewhere(context: click.Context, session: Session, words: Words, places: tuple[str, ...]) -> None:
    """Carry it there, to each of them, or enter the host for it. `places`: the environments that were named."""
    row = row_of(words)
    if row is None:
        asked = argv(context.command, Row(), sent(context, Row()), places)
        line = terminal_line(session.peek()[0], words, asked)
        context.exit(host_of(address_of(session, places)).enter(line))
    if places:
        carry(context, session, words, row, places)
        return
    if not row.each:
        what = f"say which environment: some of {', '.join(session.peek()[1])} run on another machine"
        raise UsageError(what, f"for example `fairlead {' '.join(words)} {session.peek()[1][0]}`")
    each(context, session, words, row)
