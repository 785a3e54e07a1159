"""How the log of a store is received: how its server is reached, and where pg_receivewal runs.

On this machine it is a program beside the server's. Of a server in a container it is one in a container of the same
image, which has no network: it reaches the server by its socket, and writes into the spool as a user of this machine.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.backups.logical import PROGRAMS
from fairlead.backups.physical import base
from fairlead.backups.physical.receiver import NAME, PROGRAM, Stream, Streaming, beside
from fairlead.backups.scratch import PORT
from fairlead.backups.server import Server
from fairlead.engine.engine import Engine
from fairlead.engine.owner import Owner
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret, masked
from fairlead.operations.backups.contained import server_inside, transient
from fairlead.project.stack import RuntimeName
from fairlead.render.container import ContainerSpec, Mount
from fairlead.render.stores.ground import SOCKET
from fairlead.render.stores.postgres import QUIET
from fairlead.render.stores.sql import quoted
from fairlead.stores import programs
from fairlead.stores.folder import Kept, StoreFolder
from fairlead.stores.kept import socket_of
from fairlead.system.files import write_file
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

SPOOL, PASSWORDS = "/spool", "/run/fairlead/pgpass"  # in the container
NOBODY = 65534  #: whom root has it run as
GRACE = 10.0  #: seconds
WATCH = 600.0  #: seconds of one question whether it ended


def server_kept(place: Place, runtime: RuntimeName, name: str) -> contextlib.AbstractContextManager[Server]:
    """That of a store that was made, by its name alone. FairleadError when it does not run."""
    if runtime == "docker":
        return server_inside(place, kept_of(place, name).store)
    where = socket_of(place, name)
    if where is None:
        raise FairleadError(f"{name} was never made", "deploy, or apply the stores")
    return contextlib.nullcontext(Server(where, programs.require((*PROGRAMS, *base.PROGRAMS), f"the log of {name}")))


def streaming_of(place: Place, runtime: RuntimeName, name: str) -> Streaming:
    """Where its pg_receivewal runs."""
    if runtime != "docker":
        return beside

    def contained(
        server: Server, connection: Connection, folder: Path, arguments: Sequence[str]
    ) -> contextlib.AbstractContextManager[Stream]:
        return _contained(place, name, connection, folder, arguments)

    return contained


def kept_of(place: Place, name: str) -> Kept:
    """What is written down of a store. Refused when it was never made."""
    kept = StoreFolder(place.stores / name, place.stores / name).kept()
    if kept is None:
        raise Refused(f"{name} was never made", f"deploy: fairlead deploy {place.environment}")
    return kept


@contextlib.contextmanager
def _contained(
    place: Place, store: str, connection: Connection, folder: Path, arguments: Sequence[str]
) -> Iterator[Stream]:
    engine, owner = Engine(), Owner.of(place)
    name = owner.name(f"{store}.wal")
    for left in engine.containers(owner.labels("receiver", of=store)):  # of one that was killed
        engine.remove(left.name)
    passwords = folder.parent / "pgpass"
    with _role(connection) as (role, password):
        _private(passwords, f"*:*:*:{role}:{password.reveal()}\n")
        _hand_over(folder)
        connection.execute("SELECT pg_reload_conf()")  # who may come in may be newer than the server
        try:
            spec = _spec(kept_of(place, store), owner, role, place.stores / store / "socket", folder)
            engine.start(engine.create(replace(spec, name=name, argv=(f"--directory={SPOOL}", *arguments))))
            with _watched(engine, name) as stream:
                yield stream
        finally:
            engine.stop(name, GRACE)
            engine.remove(name)
            passwords.unlink(missing_ok=True)


@contextlib.contextmanager
def _role(connection: Connection) -> Iterator[tuple[str, Secret]]:
    """Who may read the log and nothing else, as long as it is received. What a killed one left goes in a day or two."""
    import psycopg  # noqa: PLC0415 — an extra

    role, made, password = transient("REPLICATION")
    connection.execute(QUIET.encode())
    connection.execute(made.encode())
    try:
        yield role, password
    finally:
        with contextlib.suppress(psycopg.Error):  # the server ended; whoever comes next drops what is old
            connection.execute(f"DROP ROLE IF EXISTS {quoted(role)}".encode())


def _hand_over(folder: Path) -> None:
    """It is whoever it is in the container that writes there."""
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        for path in folder.iterdir():
            os.chown(path, NOBODY, NOBODY)


def _private(path: Path, text: str) -> None:
    write_file(path, text, 0o600)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def user() -> str:
    """Whoever a helper is in its container: files that it writes are to be readable here, and it is never root."""
    return f"{os.geteuid()}:{os.getegid()}" if os.geteuid() else f"{NOBODY}:{NOBODY}"


def _spec(kept: Kept, owner: Owner, role: str, socket: Path, folder: Path) -> ContainerSpec:
    own = kept.store.container
    return ContainerSpec(
        name="",
        image=kept.image,
        entrypoint=(PROGRAM,),
        env={"PGHOST": SOCKET, "PGPORT": str(PORT), "PGUSER": role, "PGPASSFILE": PASSWORDS, "PGAPPNAME": NAME},
        labels=owner.labels("receiver", of=kept.store.name),
        user=user(),
        mounts=(
            Mount("bind", str(socket), SOCKET),
            Mount("bind", str(folder), SPOOL),
            Mount("bind", str(folder.parent / "pgpass"), PASSWORDS, read_only=True),
        ),
        resources=own.resources,
        security=own.security,
        logs=own.logs,
        stop_signal="SIGINT",  # it writes what it has to the disk
        restart="no",
    )


@contextlib.contextmanager
def _watched(engine: Engine, name: str) -> Iterator[Stream]:
    """The engine is asked once, and answers when it ended."""
    told: list[str] = []
    over = threading.Event()

    def watch() -> None:
        try:
            while not over.is_set() and not told:
                code = engine.wait(name, WATCH)
                if code is not None:
                    told.append(_last(engine, name) if code else "")
        except FairleadError as error:  # the engine is away, or somebody removed it
            told.append(error.message)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield Stream(lambda: told[0] if told else None, lambda: Engine().stop(name, GRACE))
    finally:
        over.set()  # who leaves ends it, and with it the question


def _last(engine: Engine, name: str) -> str:
    lines = [line for line in masked(engine.log(name, 30)).splitlines() if line.strip()]
    return (lines or ["it ended"])[-1][-300:]
