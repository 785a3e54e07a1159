"""Attach, here or over a connection: frames are shown as those of any command."""

from __future__ import annotations

from fairlead.cli.remote.here import Viewer, followed, rebuilt
from fairlead.cli.session import Session
from fairlead.errors import Interrupted
from fairlead.hosts.table import host_of
from fairlead.operations.remote.client import Client, Failed
from fairlead.system.signals import Left, carried_over


def attached(session: Session, environment: str) -> int:
    """Follow it to its end; the exit code. What it fails with is raised here."""
    hosts = session.hosts((environment,))
    with Viewer(session) as viewer:
        code = _there(session, environment, hosts[0], viewer) if hosts else _here(session, environment, viewer)
    if viewer.error is not None:
        raise viewer.error
    return code


def _there(session: Session, environment: str, address: str, viewer: Viewer) -> int:
    client = Client(host_of(address), session.peek()[0], environment)
    try:
        with client:
            return followed(client, lambda: client.attach(viewer), environment)
    except Failed as error:
        raise rebuilt(error.described) from error


def _here(session: Session, environment: str, viewer: Viewer) -> int:
    from fairlead.operations.remote.attach import attach  # noqa: PLC0415 — where the environment is
    from fairlead.operations.remote.running import Operations  # noqa: PLC0415

    place = session.place(environment)
    last = Operations(place).last()
    try:
        with carried_over(last.interrupt if last else (lambda: None)):
            return attach(place, viewer)
    except Left as error:
        what = "left as it is: what is under way goes on without us"
        raise Interrupted(what, f"`fairlead attach {environment}` finds it again") from error
