"""Rules of who may do what in a database: services that there are, and roles whose names fit."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.project.database_roles import LONGEST, all_roles, doubled
from fairlead.project.problem import Problem, did_you_mean, problem
from fairlead.project.rules.services import entries
from fairlead.project.stack_rights import Rights, User
from fairlead.project.tree import Mapping, Node, child, children, quoted, select, text_of


def of_services(tree: Mapping) -> Iterator[Problem]:
    """`used_by` names services, and `rls` those that use the database."""
    services = entries(tree, "services")
    for database in select(tree, "stores", "*", "databases", "*"):
        users = {str(name): node for name, node in children(child(database, "used_by"))}
        for name, node in users.items():
            if name not in services:
                yield problem(node, f"there is no service {quoted(name)}{did_you_mean(name, services)}")
        yield from _rows(database, users)


def _rows(database: Node, users: dict[str, Node]) -> Iterator[Problem]:
    rls = child(database, "rls")
    if rls is not None and not users:
        yield problem(rls, "rls goes with used_by, which says who uses this database")
        return
    for node in select(database, "rls", "*", "to", "*"):
        name = text_of(node) or ""
        if name not in users:
            yield problem(node, f"{quoted(name)} does not use this database{did_you_mean(name, users)}")


def of_users(tree: Mapping) -> Iterator[Problem]:
    """Who uses a database that names who uses it is one of them."""
    services, stores = entries(tree, "services"), entries(tree, "stores")
    for name, service in services.items():
        like = text_of(child(service, "like")) or ""
        uses = child(service, "uses") or child(services.get(like), "uses")
        for _, use in children(uses):
            node = (child(use, "store") if isinstance(use, Mapping) else use) or use
            store, _, wanted = (text_of(node) or "").partition(".")
            databases = dict(children(child(stores.get(store), "databases")))
            asked = {key: one for key, one in databases.items() if not wanted or key == wanted}
            if asked and not any(_may(one, who) for one in asked.values() for who in (name, like)):
                where = node if uses is child(service, "uses") else service
                yield problem(
                    where, f"used_by of {store}.{next(iter(asked))} does not name {quoted(name)}; add it there"
                )


def _may(database: Node, service: str) -> bool:
    users = {str(name) for name, _ in children(child(database, "used_by"))}
    return not users or service in users


def names(tree: Mapping) -> Iterator[Problem]:
    """Two roles of a store never have one name, and none is longer than PostgreSQL takes."""
    for store in entries(tree, "stores").values():
        databases = {str(name): node for name, node in children(child(store, "databases"))}
        rights = {name: _rights(name, node) for name, node in databases.items() if child(node, "used_by") is not None}
        plain = [name for name in databases if name not in rights]
        twice = {*doubled(rights.values()), *(one for it in rights.values() for one in all_roles(it) if one in plain)}
        for name, one in rights.items():
            roles = all_roles(one)
            clash = next((role for role in roles if role in twice), None)
            long = next((role for role in roles if len(role) > LONGEST), None)
            if clash or long:
                why = (
                    f"two roles would be called {clash}"
                    if clash
                    else f"the role {long} is longer than {LONGEST} letters"
                )
                yield problem(child(databases[name], "used_by") or databases[name], f"{why}; give it another name")


def _rights(name: str, database: Node) -> Rights:
    return Rights(name, tuple(User(str(one), "rw") for one, _ in children(child(database, "used_by"))))


RULES = (of_services, of_users, names)
