"""What the roles of a database are called, and the secrets they log in with. Pure.

A service has two roles that can log in, `a` and `b`, of which one rests: a password is changed by going over to the
other. Which one counts is part of the secret's value, so that role and password change together or not at all: `b:…`
is a password of role b, anything else one of role a.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.masking import Secret
from fairlead.project.stack_rights import Rights

LONGEST = 63  #: bytes of a name in PostgreSQL
SIDES = ("a", "b")
ADMIN = "fairlead_admin"  #: who Fairlead itself is in a PostgreSQL that it runs


@dataclass(frozen=True, slots=True)
class Roles:
    """Those of one database."""

    database: str

    def _named(self, *parts: str) -> str:
        return "_".join((self.database, *parts)).replace("-", "_")

    @property
    def owner(self) -> str:
        """Owns the database and everything in it. Nobody logs in as it."""
        return self._named("owner")

    @property
    def migrator(self) -> str:
        """Logs in to migrate, and is the owner from there on."""
        return self._named("migrator")

    def access(self, access: str) -> str:
        """The group of all that read and write (`rw`), or read (`ro`)."""
        return self._named(access)

    def service(self, service: str) -> str:
        """The group of one service: policies of rows are for it."""
        return self._named(service)

    def login(self, service: str, side: str) -> str:
        """One of the two that a service logs in as."""
        return self._named(service, side)


def all_roles(rights: Rights) -> tuple[str, ...]:
    """Every role of a database, groups first."""
    roles = Roles(rights.database)
    services = [user.service for user in rights.users]
    groups = (roles.owner, roles.access("rw"), roles.access("ro"), *map(roles.service, services))
    return (*groups, roles.migrator, *(roles.login(one, side) for one in services for side in SIDES))


def doubled(rights: Iterable[Rights]) -> tuple[str, ...]:
    """Names that two roles of a store would have, sorted. A database that names nobody has a role of its own name."""
    names = [name for one in rights for name in all_roles(one)]
    return tuple(sorted({name for name in names if names.count(name) > 1}))


def side_of(value: Secret) -> str:
    """Which of the two roles a password is for."""
    return "b" if value.reveal().startswith("b:") else "a"


def phrase_of(value: Secret) -> Secret:
    """The password alone."""
    text = value.reveal()
    return Secret(text[2:]) if text[:2] in ("a:", "b:") else value


def turned(old: Secret, phrase: Secret) -> Secret:
    """A new password, for the other role than the one of `old`."""
    return Secret(f"{'a' if side_of(old) == 'b' else 'b'}:{phrase_of(phrase).reveal()}")
