"""What follows from a secret: addresses with passwords in them, as services are told them. Pure.

The same values that Fairlead hands over itself; here as text with holes, since no value of a secret is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

from fairlead.project import placeholders
from fairlead.project.access import (
    access_key_name,
    authority_name,
    databases,
    directly,
    encryption_name,
    kms_name,
    login_name,
    managed,
    migrator_name,
    migrator_url,
    password_name,
    rights_of,
    runs,
    url_name,
)
from fairlead.project.database_roles import Roles
from fairlead.project.stack import Stack, Store
from fairlead.render.container import SECRETS
from fairlead.render.stores.plain import preset
from fairlead.render.stores.postgres import role_of
from fairlead.render.stores.rights import logged_in_as
from fairlead.render.stores.s3 import KEY
from fairlead.render.stores.table import shape_of
from fairlead.render.ways import no_value

How = Literal["as it is", "encoded", "phrase", "user", "quoted", "doubled", "number", "reference", "plain"]
"""encoded: in a URL; phrase: the same, without the role it is for; user: what MinIO is told beside it. In templates:
quoted as JSON has text, doubled as YAML has quotes, a number, a reference of XML; plain: what means nothing there."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Where the value of a secret stands."""

    secret: str
    how: How = "as it is"


@dataclass(frozen=True, slots=True)
class Derived:
    """One value."""

    name: str
    parts: tuple[str | Hole, ...]
    database: str = ""  #: an address of which the path is to be this
    login: tuple[str, Hole] | None = None  #: role and password that are to be in it instead of those that are

    @property
    def plain(self) -> str | None:
        """The value where no secret is in it."""
        return None if self.login or any(isinstance(one, Hole) for one in self.parts) else "".join(map(str, self.parts))


def derived(stack: Stack) -> dict[str, Derived]:
    """By name: all that services and stores can be handed beside the secrets of the file."""
    return {one.name: one for store in stack.stores for one in _of(stack, store)}


def _of(stack: Stack, store: Store) -> Iterator[Derived]:
    if not runs(store):
        yield from _given(stack, store)
    elif managed(store):
        yield from {"postgres": _postgres, "redis": _redis, "s3": _s3}[store.kind](store)
    elif port := store.port or preset(store).port:
        yield Derived(url_name(store), (f"tcp://{store.name}:{port}",))


def _postgres(store: Store) -> Iterator[Derived]:
    how = f"sslmode=verify-full&sslrootcert={quote(f'{SECRETS}/{authority_name(store.name)}')}"
    password = Hole(password_name(store.name), "encoded")
    for name in databases(store):
        after = f"@{_at(store)}/{quote(name)}?{how}"
        if not rights_of(store, name):
            yield Derived(url_name(store, name), (f"postgresql://{quote(role_of(name))}:", password, after))
        for url, user, own in _logins(store, name):
            yield Derived(url, (f"postgresql://{user}:", own, after))


def _logins(store: Store, database: str) -> Iterator[tuple[str, str, Hole]]:
    """Of a database that names who uses it: address, role and password of each."""
    rights = rights_of(store, database)
    if rights:
        own = Hole(migrator_name(store.name, database), "encoded")
        yield url_name(store, database, "migrator"), quote(Roles(database).migrator), own
    for user in rights.users if rights else ():
        secret = Hole(login_name(store.name, database, user.service), "phrase")
        yield url_name(store, database, user.service), quote(logged_in_as(database, user.service)), secret


def _redis(store: Store) -> Iterator[Derived]:
    yield Derived(url_name(store), ("redis://:", Hole(password_name(store.name), "encoded"), f"@{_at(store)}/0"))


def _s3(store: Store) -> Iterator[Derived]:
    yield Derived(url_name(store), (f"{'https' if store.tls else 'http'}://{_at(store)}",))
    yield Derived(access_key_name(store.name), (Hole(password_name(store.name), "user"),))
    if store.encrypted:
        yield Derived(kms_name(store.name), (f"{KEY}:", Hole(encryption_name(store.name))))


def _at(store: Store) -> str:
    return f"{store.name}:{shape_of(store).port}"


def _given(stack: Stack, store: Store) -> Iterator[Derived]:
    """Of one that somebody else runs."""
    address = _address(stack, store)
    if store.kind != "postgres":
        yield address
        return
    for name in databases(store):
        itself = _address(stack, directly(store))
        moving = migrator_url(store, name)
        if not rights_of(store, name):
            several = name if len(store.databases) > 1 else ""
            yield replace(address, name=url_name(store, name), database=several)
            if store.direct_url:
                yield replace(itself, name=moving, database=several)
        for called, role, own in _logins(store, name):
            yield replace(itself if called == moving else address, name=called, database=name, login=(role, own))


def _address(stack: Stack, store: Store) -> Derived:
    """Where it is. A secret that is a part of the url is encoded, one that is all of it is not."""
    text = (store.url or "").strip()
    secret = {one.name for one in stack.secrets}
    whole = any(text == f"${{{name}}}" for name in secret)
    return Derived(url_name(store), tuple(_parts(stack, text, secret, whole)))


def _parts(stack: Stack, text: str, secret: set[str], whole: bool) -> Iterator[str | Hole]:
    mark = "\0"  # no text of a project file has it
    holes = {name: f"{mark}{name}{mark}" for name in secret}
    try:
        pieces = placeholders.expand(text, {**stack.variables, **holes}).split(mark)
    except KeyError as error:
        raise no_value(error.args[0], stack) from None
    for number, piece in enumerate(pieces):
        if number % 2:
            yield Hole(piece, "as it is" if whole else "encoded")
        elif piece:
            yield piece
