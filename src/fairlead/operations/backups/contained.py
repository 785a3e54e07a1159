"""A PostgreSQL in a container, as backups see it: reached by its socket, its own programs run beside it.

Who comes by the socket needs a password, as a process of this machine is nobody whom the container knows. So there is a
role for as long as it is needed, with a password that is written nowhere.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from fairlead.backups.scratch import (
    PORT,
    SETTINGS,
    START,
    claimed,
    copy_name,
    forget_claim,
    is_orphan,
    last_words,
)
from fairlead.backups.server import APPLICATION, TRANSIENT, Server, one
from fairlead.engine.engine import Engine
from fairlead.engine.owner import Owner
from fairlead.engine.pipes import Inside
from fairlead.engine.relay import LOOPBACK
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret, masked
from fairlead.project.access import managed
from fairlead.project.stack import Store
from fairlead.render.container import ContainerSpec, Mount
from fairlead.render.scram import verifier
from fairlead.render.stores.ground import SOCKET
from fairlead.render.stores.postgres import QUIET, SUPERUSER
from fairlead.render.stores.sql import literal, quoted
from fairlead.stores.base import Address
from fairlead.stores.docker import OPEN, DockerStores
from fairlead.stores.folder import StoreFolder
from fairlead.system import clock
from fairlead.system.clock import wait_until
from fairlead.system.files import remove_tree
from fairlead.system.home import Place, near

LIFE = timedelta(hours=48)  #: of a role; what was left behind lets nobody in after that
ENV = {"PGHOST": SOCKET, "PGPORT": str(PORT), "PGUSER": SUPERUSER, "PGAPPNAME": APPLICATION}
STALE = f"""DO $$ DECLARE it name; BEGIN
FOR it IN SELECT rolname FROM pg_roles WHERE starts_with(rolname, '{TRANSIENT}')
AND rolvaliduntil < now() + interval '24 hours' AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = rolname)
LOOP EXECUTE format('DROP ROLE %I', it); END LOOP; END $$;
"""  # noqa: S608
"""Who was killed dropped none; a day later nobody needs it."""
BEGIN = """set -eu
data="${PGDATA:-/var/lib/postgresql/data}/copy"
mkdir -p "$data"
initdb --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 --no-sync >/dev/null
exec postgres -D "$data" "$@"
"""
"""Not the image's own way: that starts a server for its first steps, at the same socket, and ends it again."""


@contextlib.contextmanager
def server_inside(place: Place, store: Store) -> Iterator[Server]:
    """That of a store. Refused while it does not run."""
    if not managed(store):
        with _as_it_is(place, store) as server:
            yield server
        return
    stores = DockerStores(place)
    where, name = stores.socket(store), stores.owner.name(store.name)
    facts = stores.engine.container(name) if where else None
    if where is None or facts is None or not facts.running or not stores.owner.owns(facts.labels):
        raise Refused(f"{store.name} does not run", f"start it: fairlead stores apply {place.environment}")
    with _meanwhile(Inside(stores.engine, name, ENV), where.host, where.port) as server:
        yield server


@contextlib.contextmanager
def _as_it_is(place: Place, store: Store) -> Iterator[Server]:
    """Of one with a command of its own: its image's own socket lets in who is beside it, and sessions come by the
    network, as those of services do.
    """
    from fairlead.operations.db.entrance import through  # noqa: PLC0415 — only of such a store

    engine, name = Engine(), Owner.of(place).name(store.name)
    port = store.port or PORT
    user = store.env.get("POSTGRES_USER", SUPERUSER)
    inside = Inside(engine, name, {"PGPORT": str(port), "PGUSER": user, "PGAPPNAME": APPLICATION})
    with through(place, store, Address(store.name, port)) as door, _meanwhile(inside, LOOPBACK, door) as server:
        yield server


@contextlib.contextmanager
def _meanwhile(inside: Inside, host: str, port: int) -> Iterator[Server]:
    role, made, password = transient("SUPERUSER")
    _say(inside, f"{STALE}{made};\n")
    try:
        yield Server({"host": host, "port": str(port), "user": role}, {}, password, inside=inside)
    finally:
        with contextlib.suppress(FairleadError):  # it ended; the next one drops what is old
            _say(inside, f"DROP ROLE IF EXISTS {quoted(role)};\n")


def transient(right: str) -> tuple[str, str, Secret]:
    """A role for a while, the SQL that makes it, and its password, which is written nowhere else."""
    role, password = f"{TRANSIENT}{secrets.token_hex(6)}", Secret(secrets.token_urlsafe(32))
    until = (clock.now() + LIFE).isoformat()
    made = f"CREATE ROLE {quoted(role)} {right} LOGIN PASSWORD {literal(verifier(password))}"
    return role, f"{made} VALID UNTIL {literal(until)}", password


def _say(inside: Inside, sql: str) -> None:
    argv = ("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f", "-")
    with inside.feeding(argv, "psql") as write:
        write(f"{QUIET}\n{sql}".encode())


@contextlib.contextmanager
def copy_inside(place: Place, store: Store) -> Iterator[Server]:
    """A new one in a container of the same image: no network, its data in a volume that goes with it.

    What a killed drill left goes first. FairleadError with its last words when it does not come up.
    """
    engine, owner = Engine(), Owner.of(place)
    kept = StoreFolder(place.stores / store.name, place.stores / store.name).kept()
    if kept is None:
        raise Refused(f"{store.name} was never made", f"deploy: fairlead deploy {place.environment}")
    sweep(engine, owner, place, store)
    name = copy_name(store.name)
    folder = place.root / "copies" / name
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    with claimed(folder):
        folder.mkdir(mode=0o700)
        folder.chmod(OPEN)  # the container writes its socket there; who gets so far is in a place that is private
        try:
            engine.start(engine.create(_spec(owner, store, kept.image, name, folder)))
            server = _server(engine, owner.name(name), near(folder, f".s.PGSQL.{PORT}"))
            _await(engine, owner.name(name), server)
            yield server
        finally:
            engine.remove(owner.name(name))
            remove_tree(folder)
            if engine.container(owner.name(name)) is not None:
                raise FairleadError(f"the copy {owner.name(name)} is not gone", f"docker rm -fv {owner.name(name)}")


def sweep(engine: Engine, owner: Owner, place: Place, store: Store) -> None:
    """What killed ones left of its copies; those of a drill and a rehearsal that run stay."""
    copies = place.root / "copies"
    for left in engine.containers(owner.labels("helper", copy=store.name)):
        if is_orphan(path := copies / left.name.removeprefix(owner.name(""))):
            engine.remove(left.name)
            forget_claim(path)  # of one without a folder too: what is tried on a copy has none
    for folder in copies.glob(f"{store.name}.copy-*"):
        if folder.is_dir() and is_orphan(folder):
            remove_tree(folder)
            forget_claim(folder)


@contextlib.contextmanager
def beside_copy(place: Place, store: Store) -> Iterator[str]:
    """The name of a container that works with a copy. Who sweeps leaves it alone as long as the block lasts."""
    name = copy_name(store.name)
    with claimed(place.root / "copies" / name):
        yield Owner.of(place).name(name)


def _spec(owner: Owner, store: Store, image: str, name: str, folder: Path) -> ContainerSpec:
    own = store.container
    heard = {"listen_addresses": "127.0.0.1"}  # of its own, which nobody else has but who is put beside it
    settings = SETTINGS | heard | {"unix_socket_directories": SOCKET, "port": str(PORT)}
    return ContainerSpec(
        name=owner.name(name),
        image=image,
        entrypoint=("sh",),
        argv=("-c", BEGIN, "sh", *(f"--{key}={value}" for key, value in settings.items())),
        labels=owner.labels("helper", copy=store.name),
        user=own.user or SUPERUSER,
        mounts=(Mount("bind", str(folder), SOCKET),),
        resources=own.resources,
        security=replace(own.security, tmpfs=(*own.security.tmpfs, "/run/postgresql")),
        logs=own.logs,
        stop_signal="SIGINT",
        restart="no",
    )


def _server(engine: Engine, name: str, socket: Path) -> Server:
    return Server({"host": str(socket), "port": str(PORT), "user": SUPERUSER}, {}, inside=Inside(engine, name, ENV))


def _await(engine: Engine, name: str, server: Server) -> None:
    def ready() -> bool:
        facts = engine.container(name)
        if facts is None or not facts.running:
            raise FairleadError(f"the copy ended: {_last(engine, name)}", "see whether the disk is full")
        try:
            with server.session("postgres") as connection:
                return one(connection, "SELECT pg_is_in_recovery()") is False
        except FairleadError:  # it is not up yet
            return False

    if not wait_until(ready, START, 0.05, 0.5):
        what = f"the copy is not up after {START:g} s: {_last(engine, name)}"
        raise FairleadError(what, "see whether the machine is slow")


def _last(engine: Engine, name: str) -> str:
    return last_words(masked(engine.log(name, 60)))
