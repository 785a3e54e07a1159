"""The databases that name who uses them: who looks after their roles, and what these are to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import Refused, UsageError
from fairlead.masking import Secret
from fairlead.postgres.connection import Address, address
from fairlead.postgres.roles.reconcile import look, reconcile
from fairlead.postgres.roles.statement import Statement
from fairlead.postgres.roles.wanted import Wanted, wanted
from fairlead.project.access import admin_name, directly, login_name, made_rights, migrator_name, role_secrets, runs
from fairlead.project.database_roles import ADMIN
from fairlead.project.problem import did_you_mean
from fairlead.project.stack import Rights, Stack, Store
from fairlead.render.stores.postgres import role_of
from fairlead.secrets.rotation.slot import slots
from fairlead.secrets.table import backend_of
from fairlead.stores.handover import by_socket, filled, url_secrets
from fairlead.stores.table import stores_of
from fairlead.system.home import Place

Say = Callable[[str, str], object]


@dataclass(frozen=True, slots=True)
class Target:
    """One database. `values`: the secrets of its roles, by name."""

    store: Store
    rights: Rights
    where: Address  #: as who may change roles
    wanted: Wanted
    values: Mapping[str, Secret]

    @property
    def name(self) -> str:
        """As the project calls it, `db.shop`."""
        return f"{self.store.name}.{self.rights.database}"


@dataclass(frozen=True, slots=True)
class Mended:
    """What was, or would be, done with one database."""

    database: str
    address: str
    statements: tuple[Statement, ...]


def any_rights(stack: Stack) -> bool:
    """Whether some database names who uses it."""
    return any(made_rights(store) for store in stack.stores)


def targets(
    stack: Stack, root: Path, names: Sequence[str] = (), retire: bool = True, values: Mapping[str, Secret] | None = None
) -> tuple[Target, ...]:
    """Those of these names (`shop`, or `db.shop`), without names all. `values`: what is known already of the secrets.

    UsageError for a name that there is not; Refused while a store was never made or a secret has no value.
    """
    there = [(store, one) for store in stack.stores for one in made_rights(store)]
    known = [f"{store.name}.{one.database}" for store, one in there]
    for name in names:
        if name not in known and not any(one.database == name for _, one in there):
            text = f'no database "{name}" of {stack.environment} names who uses it{did_you_mean(name, known)}'
            raise UsageError(text, f"there is {', '.join(known)}" if known else "say `used_by` under `stores`")
    picked = [(store, one) for store, one in there
              if not names or {one.database, f"{store.name}.{one.database}"} & set(names)]  # fmt: skip
    return tuple(target_of(stack, root, store, one, retire, values) for store, one in picked)


def target_of(
    stack: Stack, root: Path, store: Store, rights: Rights, retire: bool = True,
    values: Mapping[str, Secret] | None = None,
) -> Target:  # fmt: skip
    """One of them."""
    place = Place.of(stack.project, stack.environment)
    found = _values(stack, root, store, place) if values is None else values
    missing = [name for name in role_secrets(store) if not found.get(name)]
    if missing:
        hint = f"have it made: fairlead deploy {stack.environment}"
        raise Refused(f"no value for {', '.join(missing)} in {stack.environment}", hint)
    logins = {user.service: found[login_name(store.name, rights.database, user.service)] for user in rights.users}
    under_way = slots(place.secrets)
    turning = frozenset(one for one in logins if login_name(store.name, rights.database, one) in under_way)
    own = runs(store)
    right = wanted(
        rights, logins, found[migrator_name(store.name, rights.database)], turning,
        role_of(rights.database) if own else None, retire, own,
    )  # fmt: skip
    return Target(store, rights, _address(stack, store, rights, found, place), right, found)


def _values(stack: Stack, root: Path, store: Store, place: Place) -> dict[str, Secret]:
    names = {*role_secrets(store), *url_secrets(stack)}
    found = backend_of(stack, root).get(names)
    turning = slots(place.secrets)
    return {name: turning[name].counting()[0] if name in turning else value for name, value in found.items()}


def _address(stack: Stack, store: Store, rights: Rights, found: Mapping[str, Secret], place: Place) -> Address:
    if not runs(store):
        url = filled(stack, directly(store), found)
        if url is None:
            raise Refused(f"the url of {store.name} has no value in {stack.environment}", "fairlead secrets set")
        return address(url, rights.database, several=True)
    where = stores_of(stack.runtime, place).socket(store)
    if where is None:
        hint = f"have it made: fairlead deploy {stack.environment}, or fairlead stores apply {stack.environment}"
        raise Refused(f"{store.name} was never started in {stack.environment}", hint)
    url = by_socket(rights.database, where, found[admin_name(store.name)], ADMIN)
    return address(url, rights.database, several=True)


def planned(some: Sequence[Target]) -> tuple[Mended, ...]:
    """What differs. Nothing is changed."""
    return tuple(Mended(one.name, one.where.shown, look(one.where, one.wanted)) for one in some)


def mend(some: Sequence[Target]) -> tuple[Mended, ...]:
    """Have all of them as they are declared; what was done."""
    return tuple(Mended(one.name, one.where.shown, reconcile(one.where, one.wanted)) for one in some)


def provide(stack: Stack, root: Path, values: Mapping[str, Secret], say: Say) -> None:
    """Before services start: their roles are there. What a release of before logs in with goes on working."""
    if not any_rights(stack):
        return
    for one in mend(targets(stack, root, retire=False, values=values)):
        if one.statements:
            say("note", f"{one.database}: {_counted(one.statements)}")
    for left in planned(targets(stack, root, values=values)):
        for it in left.statements:
            say("note", f"{left.database}: {it.what} once you say so: fairlead db roles {stack.environment}")


def _counted(statements: Sequence[Statement]) -> str:
    made = sum(one.sql.startswith("CREATE ROLE") for one in statements)
    rest = len(statements) - made
    parts = [f"{made} roles made"] if made else []
    return ", ".join([*parts, f"{rest} rights and settings mended"] if rest else parts)
