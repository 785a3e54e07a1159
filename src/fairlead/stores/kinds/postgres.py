"""PostgreSQL: TLS only, SCRAM passwords, a role for each database that owns it, the superuser from the machine alone.

Traps it knows: a first start that is killed leaves half a cluster that later starts take for a whole one, so the folder
gets its name last; a key that others may read is refused, so a container makes a copy of its own; `pg_isready` says yes
to the server that an image starts for its own first steps, so it is asked over TCP, where that one does not listen.
"""

from __future__ import annotations

import shlex

from fairlead.errors import FairleadError
from fairlead.masking import Secret, masked
from fairlead.project.access import admin_name, databases, password_name, rights_of
from fairlead.project.database_roles import ADMIN
from fairlead.project.stack import Store
from fairlead.render.scram import verifier
from fairlead.render.stores import postgres
from fairlead.render.stores.ground import Ground
from fairlead.render.stores.postgres import (
    FIRST,
    KEY,
    PASSWORD,
    SUPERUSER,
    PostgresShape,
    hba,
    ident,
    owner_of,
    role_of,
    start_contained,
)
from fairlead.render.stores.sql import group, literal, login, quoted, unless
from fairlead.render.stores.tuning import FILE, file_of, reading
from fairlead.stores.base import Reach, Values
from fairlead.stores.renewal import Reading


class Postgres(PostgresShape):
    """A PostgreSQL of Fairlead's."""

    programs: tuple[str, ...] = ("postgres", "initdb", "pg_isready", "psql")

    def files(self, store: Store, ground: Ground, values: Values) -> dict[str, str]:
        """Who may come in, what is in it, and how it is started."""
        password = values[password_name(store.name)]
        return {
            "pg_hba.conf": hba(copied=True, contained=ground.contained), "pg_ident.conf": ident(ground.users),
            "settle.sql": settling(store, password, values.get(admin_name(store.name))),
            PASSWORD: password.reveal(), "start.sh": _start(store, ground),
            FILE: file_of(store, ground.machine, ground.contained),
        }  # fmt: skip

    def ask(self, store: Store, ground: Ground, reach: Reach) -> str:
        """Over TCP."""
        role = role_of(databases(store)[0])  # one that is not refused, so that its log stays quiet
        argv = (ground.program("pg_isready"), "-h", "127.0.0.1", "-p", str(ground.port), "-U", role)
        ran = reach.run(argv)
        return "" if ran.code == 0 else ran.output.strip()[-200:] or f"pg_isready ended with {ran.code}"

    def settle(self, store: Store, ground: Ground, reach: Reach, values: Values) -> None:
        """Roles and databases, as the superuser over the socket. What is there stays."""
        if ground.contained and (ran := reach.run(("rm", "-f", FIRST))).code != 0:
            what = f"store {store.name}: {FIRST} cannot be removed: {ran.output.strip()}"
            raise FairleadError(what, "nothing may be kept in it while it is there: the next start would begin anew")
        ran = reach.run((*_psql(ground), "-f", f"{ground.conf}/settle.sql"))
        if ran.code != 0:
            why = masked(ran.output).strip().splitlines()[-3:]
            raise FairleadError(f"store {store.name}: {' '.join(why)}", "see its log: fairlead stores logs")

    def reload(self, ground: Ground, reach: Reach, pem: str) -> Reading:
        """It reads certificate and key anew; connections stay. FairleadError when it could not be told."""
        copying = ("sh", "-c", f"umask 077; cp {ground.conf}/certificate/current/key.pem {KEY}")
        for argv in (*([copying] if ground.contained else []), (*_psql(ground), "-c", "SELECT pg_reload_conf()")):
            ran = reach.run(argv)
            if ran.code != 0:
                what = f"its new certificate could not be read: {masked(ran.output).strip()[-200:]}"
                raise FairleadError(what, "it is told again within the hour; see fairlead stores logs")
        return "read"


def _psql(ground: Ground) -> tuple[str, ...]:
    return (
        ground.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", ground.near, "-p", str(ground.port),
        "-U", SUPERUSER, "-d", "postgres",
    )  # fmt: skip


def settling(store: Store, password: Secret, admin: Secret | None = None) -> str:
    """SQL that has all roles, databases and extensions, however much of it is there already.

    `admin`: of who makes the roles of databases that name who uses them.
    """

    def owner(database: str) -> list[str]:
        role = owner_of(store, database)
        return [group(role)] if rights_of(store, database) else login(role, literal(verifier(password)))

    return postgres.settling(store, owner, before=_admin(admin) if admin and store.rights else [])


def _admin(password: Secret) -> list[str]:
    """From the machine alone, as the superuser: which addresses it is refused from is read anew."""
    return [
        unless(f"CREATE ROLE {quoted(ADMIN)} LOGIN SUPERUSER", "pg_roles", "rolname", ADMIN),
        f"ALTER ROLE {quoted(ADMIN)} LOGIN SUPERUSER PASSWORD {literal(verifier(password))};",
        "DO $$ BEGIN PERFORM pg_reload_conf(); END $$;",
    ]


def _start(store: Store, ground: Ground) -> str:
    return start_contained(store, ground) if ground.contained else _start_here(ground)


def _start_here(ground: Ground) -> str:
    """The cluster gets its name when it is whole."""
    data = shlex.quote(ground.data)
    made = shlex.quote(f"{ground.data}.new")
    folder = f'"$(dirname "$(readlink -f {shlex.quote(ground.program("postgres"))})")'
    libraries = f'{folder}/../lib" "$({folder}/pg_config" --pkglibdir 2>/dev/null)"'
    initdb, postgres = (shlex.quote(ground.program(name)) for name in ("initdb", "postgres"))
    return f"""#!/bin/sh
set -eu
umask 077
if [ ! -s {data}/PG_VERSION ]; then
    rm -rf {made}
    {initdb} --pgdata={made} --username={SUPERUSER} --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 \\
        --locale=C.UTF-8 --data-checksums
    mv {made} {data}
fi
{reading(f"{shlex.quote(ground.conf)}/{FILE}", data, libraries)}
exec {postgres} -D {data} "$@"
"""
