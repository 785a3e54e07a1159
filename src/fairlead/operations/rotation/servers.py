"""Who accepts a secret that is rotated, put together of what packages know that are unaware of each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError
from fairlead.masking import Secret
from fairlead.project.access import Login, login_of, runs
from fairlead.project.database_roles import ADMIN, Roles
from fairlead.project.stack import SecretSpec, Stack
from fairlead.secrets.delivery import delivered
from fairlead.secrets.rotation.kinds.base import RotationKind, Server
from fairlead.secrets.rotation.slot import Slot
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.postgres.connection import Address


def server_of(
    stack: Stack, place: Place, kind: RotationKind, spec: SecretSpec, slot: Slot, live: str | None
) -> Server | None:
    """None: nothing but services holds the value. `live`: the release that has it; `stack` is that one's.

    FairleadError when what it is for is not there.
    """
    if kind.server is not None:
        return kind.server(spec, slot)
    return _logins(stack, place, spec, slot, live or "") if spec.rotate.kind == "postgres" else None


def _logins(stack: Stack, place: Place, spec: SecretSpec, slot: Slot, live: str) -> Server:
    from fairlead.postgres.connection import address  # noqa: PLC0415 — only where one is rotated
    from fairlead.postgres.roles.logins import Logins  # noqa: PLC0415

    login = login_of(stack, spec.name)
    if login is None or slot.admin is None:
        raise FairleadError(f"no database that services are told of is entered with {spec.name}", "deploy first")

    def reach(role: str, password: Secret) -> Address:
        return address(url_of(stack, place, login, role, password, slot.admin), login.database, several=True)

    admin = slot.admin
    if runs(login.store):
        admin = url_of(stack, place, login, ADMIN, slot.admin, slot.admin, near=True)
    where = address(admin, login.database, several=True)
    pooled = _pooled(stack, place, login, live) if login.store.direct_url else None
    return Logins(where, Roles(login.database), login.service, slot.old.value, reach, pooled)


def _pooled(stack: Stack, place: Place, login: Login, live: str) -> Callable[[str, Secret], Address]:
    """How a service comes in by the pooler before the server: as what it is told says, with another role."""
    from fairlead.postgres.connection import address  # noqa: PLC0415 — as above
    from fairlead.stores.handover import logged_in  # noqa: PLC0415

    told = (folder.files().get(login.url_name) for _, folder in delivered(place.secrets, live, stack))
    url = next((text for text in told if text), None)
    if url is None:
        raise FairleadError(f"no service that is live was told of {login.store.name}", "deploy first")
    found = Secret(url.decode(errors="surrogateescape"))

    def reach(role: str, password: Secret) -> Address:
        return address(logged_in(found, login.database, role, password), login.database, several=True)

    return reach


def url_of(
    stack: Stack, place: Place, login: Login, role: str, password: Secret, admin: Secret | None, near: bool = False
) -> Secret:
    """The address of the database for a role. `near`: over the socket; so it is where no network leads to the store.

    `admin`: of a server that somebody else runs, the address of who makes its roles.
    """
    from fairlead.stores.handover import by_network, by_socket, logged_in  # noqa: PLC0415 — only where one is rotated
    from fairlead.stores.table import stores_of  # noqa: PLC0415

    if not runs(login.store):
        return logged_in(admin or Secret(""), login.database, role, password)
    stores = stores_of(stack.runtime, place)
    where = None if near or stack.runtime != "process" else stores.address(login.store)
    if where is not None:
        return by_network(login.database, where, role, password, stores.authority(login.store))
    socket = stores.socket(login.store)
    if socket is None:
        raise FairleadError(f"{login.store.name} was never started", f"fairlead stores apply {stack.environment}")
    return by_socket(login.database, socket, password, role)
