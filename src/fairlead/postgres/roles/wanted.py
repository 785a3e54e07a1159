"""What the roles of a database are to be, from what the project says of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.masking import Secret
from fairlead.project.database_roles import SIDES, Roles, phrase_of, side_of
from fairlead.project.stack_rights import Rights, RowSecurity

NO_LIMIT = -1
MIGRATING = {"lock_timeout": "1s", "statement_timeout": "0", "idle_in_transaction_session_timeout": "300s"}
SINCE = {"transaction_timeout": 170000}
"""Settings that older servers do not know, by the version that brought them."""
READS, WRITES = frozenset({"SELECT"}), frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})


@dataclass(frozen=True, slots=True)
class Role:
    """One role. `login` None: its password and whether it logs in are left alone; a new one may not log in."""

    name: str
    login: bool | None = False
    password: Secret | None = field(default=None, repr=False)
    connections: int = NO_LIMIT
    member_of: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)  #: in this database


@dataclass(frozen=True, slots=True)
class Wanted:
    """All of one database."""

    database: str
    roles: tuple[Role, ...]
    owner: str
    rw: str
    ro: str
    rows: tuple[RowSecurity, ...] = ()
    reserved: tuple[str, ...] = ()
    every: bool = False  #: a table without rows of these is a breach
    legacy: str | None = None  #: the role that owned everything before the database named who uses it
    retire: bool = True  #: it, and a login whose password no longer counts, has to rest; else both stay as they are
    alone: bool = False  #: the server is Fairlead's: nobody else has anything to look for in it

    def service(self, name: str) -> str:
        """The group of a service."""
        return Roles(self.database).service(name)


def wanted(
    rights: Rights, passwords: Mapping[str, Secret], migrator: Secret, rotating: frozenset[str] = frozenset(),
    legacy: str | None = None, retire: bool = True, alone: bool = False,
) -> Wanted:  # fmt: skip
    """`passwords` and `rotating`: by service."""
    names = Roles(rights.database)
    rw, ro = names.access("rw"), names.access("ro")
    roles = [Role(names.owner), Role(rw), Role(ro)]
    for user in rights.users:
        roles.append(Role(names.service(user.service), member_of=(names.access(user.access),)))
    roles.append(Role(names.migrator, True, migrator, NO_LIMIT, (names.owner,), {"role": names.owner, **MIGRATING}))
    for user in rights.users:
        value = passwords[user.service]
        settings = {
            "statement_timeout": _ms(user.statement_timeout),
            "idle_in_transaction_session_timeout": _ms(user.idle_in_transaction),
        }
        if user.transaction_timeout:
            settings["transaction_timeout"] = _ms(user.transaction_timeout)
        for side in SIDES:
            mine = side == side_of(value)
            counts = None if user.service in rotating or not (mine or retire) else mine
            password = phrase_of(value) if counts else None
            limit = user.connections or NO_LIMIT
            group = (names.service(user.service),)
            roles.append(Role(names.login(user.service, side), counts, password, limit, group, settings))
    return Wanted(
        rights.database,
        tuple(roles),
        names.owner,
        rw,
        ro,
        rights.rows,
        rights.reserved,
        rights.every,
        legacy,
        retire,
        alone,
    )


def _ms(seconds: float) -> str:
    return f"{max(0, round(seconds * 1000))}ms"
