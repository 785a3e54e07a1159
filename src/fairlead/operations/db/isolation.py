"""`db isolation`: log in as every role, over the network, and try what it must not do."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.masking import Secret
from fairlead.operations.db.entrance import Enter, entrance
from fairlead.operations.db.rights import Target, targets
from fairlead.postgres.connection import address
from fairlead.postgres.isolation.attempts import Actor
from fairlead.postgres.isolation.probe import Subject, examine
from fairlead.postgres.isolation.report import Report
from fairlead.project.access import admin_name, directly, login_name, migrator_name, runs
from fairlead.project.database_roles import ADMIN, Roles, phrase_of, side_of
from fairlead.project.project import Project
from fairlead.project.stack import Stack
from fairlead.render.stores.postgres import SUPERUSER
from fairlead.stores.handover import filled, logged_in
from fairlead.system.home import Place


def isolation(project: Project, name: str, databases: Sequence[str]) -> tuple[Report, ...]:
    """Of each database. Refused while one was never made."""
    stack = project.stack(name)
    return tuple(_examined(stack, one) for one in targets(stack, project.root, databases))


def _examined(stack: Stack, one: Target) -> Report:
    if runs(one.store):
        place = Place.of(stack.project, stack.environment)
        with entrance(place, stack.runtime, one.store) as enter:
            return examine(_subject(one, enter))

    def at_url(database: str, role: str, password: Secret) -> dict[str, Any]:
        url = filled(stack, directly(one.store), one.values)
        assert url is not None  # noqa: S101 — looked at when the target was made
        return dict(address(logged_in(url, database, role, password), database, several=True).parameters)

    return examine(_subject(one, at_url))


def _subject(one: Target, enter: Enter) -> Subject:
    roles, database = Roles(one.rights.database), one.rights.database
    passwords: dict[str, Secret] = {roles.migrator: one.values[migrator_name(one.store.name, database)]}
    actors = [Actor(roles.migrator)]
    for user in one.rights.users:
        value = one.values[login_name(one.store.name, database, user.service)]
        role = roles.login(user.service, side_of(value))
        passwords[role] = phrase_of(value)
        actors.append(Actor(role, user.service, user.access))
    barred = []
    if runs(one.store):
        passwords |= {ADMIN: one.values[admin_name(one.store.name)], SUPERUSER: Secret(secrets.token_urlsafe(16))}
        barred = [Actor(ADMIN), Actor(SUPERUSER)]

    def reach(actor: Actor, where: str) -> Mapping[str, Any]:
        return enter(where, actor.role, passwords[actor.role])

    return Subject(one.name, one.where, one.wanted, actors, reach, barred)
