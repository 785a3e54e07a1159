"""The two roles of a service while its password changes: one lets in beside the other, then alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret
from fairlead.postgres.connection import Address, connect
from fairlead.postgres.pooler import through
from fairlead.postgres.roles.facts import RoleFacts, read
from fairlead.postgres.roles.plan import password_of
from fairlead.postgres.roles.reconcile import SETTINGS, run, spoken
from fairlead.postgres.roles.statement import Statement, name
from fairlead.project.database_roles import Roles, phrase_of, side_of
from fairlead.render.scram import matches, verifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.postgres.connection import Connection

_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()"
_END = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Logins:
    """Those of one service. A value says which of the two it is for. Everything looks before it acts."""

    admin: Address
    roles: Roles
    service: str
    old: Secret
    reach: Callable[[str, Secret], Address]  #: how a role with this password comes in
    pooled: Callable[[str, Secret], Address] | None = None  #: the same of services, where a pooler is before the server

    def role(self, value: Secret) -> str:
        """The one that a value is for."""
        return self.roles.login(self.service, side_of(value))

    def check(self, old: Secret) -> None:
        """Both roles are there, the old value lets in, and roles may be changed. Refused, or what the server says."""
        with self._open() as connection:
            known = self._facts(connection)
            missing = [role for role in (self.roles.login(self.service, side) for side in "ab") if role not in known]
            if missing:
                hint = "have the roles made: fairlead db roles"
                raise Refused(f"{self.admin.shown} has no role {', '.join(missing)}", hint)
            role = self.role(old)
            can = Statement("role", f"{role} may be changed", f"ALTER ROLE {name(role)} LOGIN")
            run(connection, (can,), self.admin)  # changes nothing, and is refused to who may not
        try:
            self.verify(old)
        except FairleadError as error:
            hint = "mend it first: fairlead db roles"
            raise Refused(f"{error.message}: what is kept is not what the server takes", hint) from None

    def accept(self, new: Secret) -> Sequence[str]:
        """The role that rested lets in; what it gets is a verifier, never the password."""
        role, phrase = self.role(new), phrase_of(new)
        with self._open() as connection:
            known = self._facts(connection).get(role)
            if known is None or not known.login or not matches(known.kept or "", phrase):
                can = Statement("role", f"{role} can log in", f"ALTER ROLE {name(role)} LOGIN")
                run(connection, (can, password_of(role, verifier(phrase))), self.admin)
        return ()

    def verify(self, new: Secret) -> None:
        """A connection of its own, as a service makes one. FairleadError when it is not let in."""
        where = self.reach(self.role(new), phrase_of(new))
        with spoken(where), contextlib.closing(connect(where, SETTINGS)) as connection:
            connection.execute("SELECT 1")
        if self.pooled:
            through(self.pooled(self.role(new), phrase_of(new)))

    def holders(self, seconds: float) -> int:
        """Sessions of the old role, however old: nobody new becomes it."""
        return self._counted(_SESSIONS)

    def expel(self, seconds: float) -> int:
        """End them."""
        return self._counted(_END)

    def refuse(self, old: Secret, new: Secret) -> Sequence[str]:
        """The new one is tried before the old one rests, without a password."""
        self.verify(new)
        role = self.role(old)
        with self._open() as connection:
            known = self._facts(connection).get(role)
            if known is not None and (known.login or known.kept is not None):
                rest = Statement("role", f"{role} cannot log in", f"ALTER ROLE {name(role)} NOLOGIN")
                run(connection, (rest, password_of(role, None)), self.admin)
        return ()

    def _counted(self, query: str) -> int:
        with self._open() as connection:
            row = connection.execute(query, (self.role(self.old),)).fetchone()
            return int(row[0]) if row else 0

    def _facts(self, connection: Connection) -> dict[str, RoleFacts]:
        return dict(read(connection, self.roles.owner).roles)

    @contextlib.contextmanager
    def _open(self) -> Iterator[Connection]:
        with spoken(self.admin), contextlib.closing(connect(self.admin, SETTINGS)) as connection:
            yield connection
