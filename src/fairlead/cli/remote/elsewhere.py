"""A command of which at least one environment runs on another machine: what is to be done with it."""

from __future__ import annotations

import click

from fairlead.cli.remote.each import each
from fairlead.cli.remote.here import address_of, carry
from fairlead.cli.remote.table import ON_HOST, Words, row_of
from fairlead.cli.session import Session
from fairlead.errors import UsageError
from fairlead.hosts.address import parse


def elsewhere(context: click.Context, session: Session, words: Words, places: tuple[str, ...]) -> None:
    """Carry it there, to each of them, or say where it has to be called. `places`: the environments that were named."""
    row = row_of(words)
    if row is None:
        where = parse(address_of(session, places))
        port = f"-p {where.port} " if where.port else ""
        login = f"{where.user}@{where.name}" if where.user else where.name
        what = f"{words[0]} needs a terminal on the host itself, and {places[0]} runs on {where}"
        raise UsageError(what, f"ssh -t {port}{login} {ON_HOST[words].format(environment=places[0])}")
    if places:
        carry(context, session, words, row, places)
        return
    if not row.each:
        what = f"say which environment: some of {', '.join(session.peek()[1])} run on another machine"
        raise UsageError(what, f"for example `fairlead {' '.join(words)} {session.peek()[1][0]}`")
    each(context, session, words, row)
