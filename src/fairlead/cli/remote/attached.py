"""Attach, here or over a connection: frames are shown as those of any command."""

from __future__ import annotations

from fairlead.cli.remote.here import Viewer, followed, rebuilt
from fairlead.cli.session import Session
from fairlead.hosts.table import host_of
from fairlead.operations.remote.client import Client, Failed


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

    return attach(session.place(environment), viewer)
