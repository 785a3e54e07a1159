"""`db isolation`: log in as every role, over the network, and try what it must not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.masking import Secret
from fairlead.operations.db.rights import Target, targets
from fairlead.postgres.connection import address
from fairlead.postgres.isolation.attempts import Actor
from fairlead.postgres.isolation.probe import Subject, examine
from fairlead.postgres.isolation.report import Report
from fairlead.project.access import login_name, migrator_name, runs
from fairlead.project.database_roles import Roles, phrase_of, side_of
from fairlead.project.project import Project
from fairlead.project.stack import RuntimeName, Stack
from fairlead.stores.handover import by_network, by_socket, filled, logged_in
from fairlead.stores.table import stores_of
from fairlead.system.home import Place


def isolation(project: Project, name: str, databases: Sequence[str]) -> tuple[Report, ...]:
    """Of each database. Refused while one was never made."""
    stack = project.stack(name)
    return tuple(examine(_subject(stack, one)) for one in targets(stack, project.root, databases))


def _subject(stack: Stack, one: Target) -> Subject:
    roles, database = Roles(one.rights.database), one.rights.database
    passwords: dict[str, Secret] = {roles.migrator: one.values[migrator_name(one.store.name, database)]}
    actors = [Actor(roles.migrator)]
    for user in one.rights.users:
        value = one.values[login_name(one.store.name, database, user.service)]
        role = roles.login(user.service, side_of(value))
        passwords[role] = phrase_of(value)
        actors.append(Actor(role, user.service, user.access))

    def reach(actor: Actor, where: str) -> Mapping[str, Any]:
        return _parameters(stack, one, actor.role, passwords[actor.role], where)

    return Subject(one.name, one.where, one.wanted, actors, reach)


def _parameters(stack: Stack, one: Target, role: str, password: Secret, database: str) -> Mapping[str, Any]:
    url = _url(stack, one, role, password, database)
    return address(url, database, several=True).parameters


def _url(stack: Stack, one: Target, role: str, password: Secret, database: str) -> Secret:
    if not runs(one.store):
        url = filled(stack, one.store, one.values)
        assert url is not None  # noqa: S101 — looked at when the target was made
        return logged_in(url, database, role, password)
    stores = stores_of(stack.runtime, Place.of(stack.project, stack.environment))
    where = stores.address(one.store) if _reached(stack.runtime) else None
    if where is not None:
        return by_network(database, where, role, password, stores.authority(one.store))
    socket = stores.socket(one.store)
    assert socket is not None  # noqa: S101 — as above
    return by_socket(database, socket, password, role)


def _reached(runtime: RuntimeName) -> bool:
    """This machine reaches no database in a container, by design: there it is the socket, which asks for passwords
    as the network does.
    """
    return runtime == "process"
