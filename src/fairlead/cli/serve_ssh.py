"""`fairlead serve-ssh`: the host's side of a command that was called on another machine."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from fairlead.cli.remote.rights import allowed, rights_options
from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb
from fairlead.errors import UsageError


@verb("fairlead serve-ssh production --project shop", name="serve-ssh", file=False)
@environment()
@click.option("--project", metavar="NAME", help="For this project alone; else for the one that has ENV on this host.")
@rights_options
@click.option("--login", is_flag=True, hidden=True, help="Said by the ordinary client, whose key may log in anyway.")
def command(
    session: Session,
    environment: str,
    project: str | None,
    login: bool,
    sources: tuple[str, ...],
    roots: bool,
    **said: Any,
) -> None:
    """Do what another machine asks over SSH, for ENV alone: messages on standard input, answers on standard output.

    As the command of a key in authorized_keys (`fairlead host key ENV` prints the line) it is all that this key can do:
    no shell, no files, no forwarding, no other environment, and unless more is said: deploy, rollback, doctor, status,
    history, releases. Nobody calls it by hand.
    """
    from fairlead.cli.main import concluded, fairlead  # noqa: PLC0415
    from fairlead.cli.remote.there import Commands  # noqa: PLC0415 — start-up is part of the product
    from fairlead.hosts.wire import Wire  # noqa: PLC0415
    from fairlead.operations.remote.bound import Bound  # noqa: PLC0415
    from fairlead.operations.remote.serve import Server  # noqa: PLC0415

    for name in filter(None, (project, environment, *sources)):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            raise UsageError(f'"{name}" is not a name')
    if os.isatty(0):
        raise UsageError("serve-ssh talks with another fairlead, not with a person", "see `fairlead attach --help`")
    bound = Bound(environment, project, sources, allowed(**said), roots, forced=not login)
    code = Server(Wire(0, 1), bound, Commands(fairlead, concluded)).run()
    click.get_current_context().exit(code)
