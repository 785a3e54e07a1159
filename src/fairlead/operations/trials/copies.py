"""A copy of a database, in a server of its own that listens to nobody: what may go wrong goes wrong there.

The live server is read and nothing else. The copy has its roles without passwords, no subscriptions, no background
workers, and no mappings of users to other servers, so that a migration that reads a foreign table reaches nobody.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from fairlead.backups.catalogue import Backup, chosen
from fairlead.backups.facts import properties
from fairlead.backups.logical import PATIENCE
from fairlead.backups.restoring import Reader, create, globals_of, have_roles, put_back
from fairlead.backups.scratch import Ground, cluster, copy_name, room, started
from fairlead.backups.server import Server
from fairlead.backups.server import name as quoted
from fairlead.backups.server import one as asked
from fairlead.masking import Secret
from fairlead.operations.backups.arrangement import Arrangement, arranged, require_identities
from fairlead.operations.backups.reach import ground_of, server_of
from fairlead.operations.backups.space import GROWTH, engine_folder, needed, require_space
from fairlead.operations.backups.using import used
from fairlead.operations.db.chosen import Database, url_of
from fairlead.operations.db.opened import Opened, opened
from fairlead.postgres.connection import Address
from fairlead.project.access import runs
from fairlead.project.stack import Stack, Store
from fairlead.system.home import Place

Source = Literal["live", "backup", "files"]
PIECE = 1 << 20  #: bytes that are piped at once
SHORT = 56  #: bytes of a name that leave room for more
TAKEN = ("postgres", "template0", "template1")

_MAPPINGS = """
DO $$ DECLARE it record; BEGIN
FOR it IN SELECT CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(usename) END AS who, srvname FROM pg_user_mappings
LOOP EXECUTE format('DROP USER MAPPING FOR %s SERVER %I', it.who, it.srvname); END LOOP; END $$
"""
"""Superuser or not: without one a foreign server is asked nothing."""


Scratch = Callable[[], contextlib.AbstractContextManager[Server]]
"""A new, empty server, gone at the end."""


@dataclass(frozen=True)
class Origin:
    """Where copies of one database come from."""

    scratch: Scratch
    text: str  #: in words
    fill: Callable[[Server, str], None]  #: make the database of that name in a server
    live: bool = True  #: the copy is used as who migrates the live one
    bytes: int = 0  #: that it takes on the disk, about; 0: nothing to speak of, or not known


@dataclass(frozen=True)
class Copy:
    """One that is there. `database` is the copy, with the same files."""

    database: Database
    server: Server
    origin: str


@dataclass(frozen=True, slots=True)
class _Used:
    """How migrations of a database run: as whom, and where they look for names."""

    user: str
    path: str
    schema: str


@contextlib.contextmanager
def origin_of(
    stack: Stack, root: Path, one: Database, source: Source, tcp: int | None = None
) -> Iterator[Origin]:  # fmt: skip
    """That of a database of a stack. `tcp`: see `started`. Refused where something that this needs is not here."""
    store = store_of(stack, one)
    scratch = _scratch(stack, store, tcp)
    if source == "files":
        yield Origin(scratch, "the files alone, without rows", _empty, live=False)
    elif source == "backup":
        (arrangement,) = arranged(stack, root, (store.name,))
        dumps = tuple(each for each in arrangement.catalogue.all() if each.kind == "logical")
        backup = chosen(dumps, "latest")
        with used(arrangement, backup.id):
            yield _of_backup(arrangement, backup, scratch, one.where.database)
    else:
        with server_to_read(stack, root, one) as server:
            server.require_programs()
            yield of_live(server, scratch, one.where.database)


def _scratch(stack: Stack, store: Store, tcp: int | None) -> Scratch:
    """Of a store in a container another container of its image; else a server of this machine's programs."""
    place = Place.of(stack.project, stack.environment)
    if runs(store) and stack.runtime == "docker":
        from fairlead.operations.backups.contained import copy_inside  # noqa: PLC0415 — only with an engine

        return lambda: copy_inside(place, store)
    return partial(here, ground_of(place, store.name), store.name, tcp)


def require_ground(stack: Stack, one: Database) -> None:
    """Refused where something that a copy of it needs is not here."""
    store = store_of(stack, one)
    if not (runs(store) and stack.runtime == "docker"):
        ground_of(Place.of(stack.project, stack.environment), store.name)


@contextlib.contextmanager
def here(ground: Ground, name: str, tcp: int | None = None) -> Iterator[Server]:
    """One of this machine's programs."""
    with room(ground, copy_name(name)) as path, started(ground, path, cluster(ground, path), tcp=tcp) as server:
        yield server


def store_of(stack: Stack, one: Database) -> Store:
    """The store that a database is in."""
    return next(store for store in stack.stores if one.name.startswith(f"{store.name}."))


@contextlib.contextmanager
def server_to_read(stack: Stack, root: Path, one: Database) -> Iterator[Server]:
    """The live server, as whoever may read all of it. Refused where it cannot be reached."""
    place, store = Place.of(stack.project, stack.environment), store_of(stack, one)
    url = None if runs(store) else url_of(stack, root, store)
    with server_of(place, stack.runtime, store, url, f"a copy of {one.name}") as server:
        yield server


def of_live(server: Server, scratch: Scratch, database: str) -> Origin:
    """By pg_dump, which reads in one snapshot and holds up nobody but who changes a schema."""

    def fill(copy: Server, name: str) -> None:
        with server.session(database) as connection:
            had = properties(connection, database)
        roles = ("--roles-only", "--no-role-passwords", f"--database={server.home}")
        with server.reading("pg_dumpall", "pg_dumpall", *roles) as said:
            have_roles(copy, said.read().decode())
        create(copy, name, had)
        how = ("--format=custom", "--compress=0", "--no-subscriptions", *PATIENCE, f"--dbname={database}")
        with (
            server.reading(f"pg_dump of {database}", "pg_dump", *how) as source,
            copy.feeding(f"pg_restore of {database}", "pg_restore", "--exit-on-error", f"--dbname={name}") as write,
        ):
            while piece := source.read(PIECE):
                write(piece)

    with server.session(database) as connection:
        size = int(asked(connection, "SELECT pg_database_size(current_database())"))
    return Origin(scratch, "the database as it is", fill, bytes=round(size * GROWTH))


def _of_backup(one: Arrangement, backup: Backup, scratch: Scratch, database: str) -> Origin:
    reader = Reader(one.catalogue, require_identities(backup.id))

    def fill(copy: Server, name: str) -> None:
        have_roles(copy, globals_of(reader, backup))
        put_back(copy, reader, backup, database, name)

    return Origin(scratch, f"backup {backup.id}", fill, bytes=needed(backup.facts, (database,)))


def _empty(copy: Server, name: str) -> None:
    with copy.session(copy.home) as connection:
        connection.execute(f"CREATE DATABASE {quoted(name)} TEMPLATE template0")


def name_in(one: Database) -> str:
    """What it is called in the copy."""
    return f"{one.where.database}_copy" if one.where.database in TAKEN else one.where.database


@contextlib.contextmanager
def copied(one: Database, origin: Origin) -> Iterator[Copy]:
    """Make it, and have it gone at the end. FairleadError; Refused where it would fill the disk."""
    used = _used(one) if origin.live else None
    name = name_in(one)
    with filled(one, origin, name) as server:
        yield Copy(_here(one, server, name, used), server, origin.text)


@contextlib.contextmanager
def twins(one: Database, origin: Origin, two: bool) -> Iterator[tuple[Copy, Copy | None]]:
    """The same, and with `two` a second one that knows nothing of the first."""
    used, name = _used(one), name_in(one)
    other = f"{name.encode()[:SHORT].decode(errors='ignore')}_second"
    with filled(one, replace(origin, bytes=origin.bytes * (1 + two)), name) as server:
        if two:
            with server.session(server.home) as connection:
                connection.execute(f"CREATE DATABASE {quoted(other)} TEMPLATE {quoted(name)}".encode())
        first, second = (Copy(_here(one, server, it, used), server, origin.text) for it in (name, other))
        yield first, second if two else None


@contextlib.contextmanager
def filled(one: Database, origin: Origin, name: str) -> Iterator[Server]:
    """The server that the copy is in, called `name`. FairleadError; Refused where it would fill the disk."""
    with origin.scratch() as server:
        require_space(_folder(server), origin.bytes, f"a copy of {one.name}")
        origin.fill(server, name)
        with server.session(name) as connection:
            connection.execute(_MAPPINGS)
            connection.execute("ANALYZE")
        yield server


def _folder(server: Server) -> Path | None:
    """Where it keeps its data; None where that is not known on this machine."""
    if server.inside is not None:
        return engine_folder()
    with server.session(server.home) as connection:
        return Path(str(asked(connection, "SHOW data_directory")))


def _used(one: Database) -> _Used:
    with opened([one]) as (it,):
        row = it.connection.execute("SELECT current_setting('search_path')").fetchone()
        return _Used(it.history.user, str(row[0]) if row else "", it.history.schema)


def _here(one: Database, server: Server, name: str, used: _Used | None) -> Database:
    """The same database in the copy: its superuser comes in, and is from the start who migrates the live one."""
    options = f"-c role={_escaped(used.user)} -c search_path={_escaped(used.path)}" if used else ""
    parameters = {**server.parameters, "dbname": name, "options": options}
    where = Address(Secret(""), f"a copy of {one.where.shown}", name, parameters)
    settings = replace(one.settings, schema=used.schema if used else one.settings.schema, attempts=1)
    return replace(one, where=where, settings=settings, settled=None)


def _escaped(value: str) -> str:
    """As a value within `options`."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


@dataclass(frozen=True)
class Dump:
    """What pg_dump says of the schema of a database, without some tables."""

    server: Server
    database: str
    without: Sequence[str] = field(default=())  #: quoted

    def read(self) -> str:
        """The SQL."""
        hidden = (f"--exclude-table={one}" for one in self.without)
        how = ("--schema-only", "--no-subscriptions", *hidden, f"--dbname={self.database}")
        with self.server.reading(f"pg_dump of {self.database}", "pg_dump", *how) as said:
            return said.read().decode()


def own_tables(one: Opened) -> list[str]:
    """Those of the history, quoted with their schema: nothing of them counts."""
    query = "SELECT format('%%I.%%I', %s::text, name) FROM unnest(%s::text[]) name"
    names = [one.history.name, f"{one.history.name}_fairlead"]
    return [str(row[0]) for row in one.connection.execute(query, (one.history.schema, names)).fetchall()]
