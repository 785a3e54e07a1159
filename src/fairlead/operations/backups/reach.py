"""How the server of a store is reached, and where a copy of it can be made."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from fairlead.backups.logical import PROGRAMS
from fairlead.backups.physical import base
from fairlead.backups.physical.changes import COMBINE
from fairlead.backups.scratch import Ground
from fairlead.backups.server import Server, at_url
from fairlead.errors import Refused
from fairlead.masking import Secret
from fairlead.project.access import databases as declared
from fairlead.project.stack import RuntimeName, Store
from fairlead.render.stores.postgres import SUPERUSER
from fairlead.stores import programs
from fairlead.stores.process import outside
from fairlead.stores.table import stores_of
from fairlead.system.home import Place
from fairlead.system.pipes import Who


@contextlib.contextmanager
def server_of(
    place: Place, runtime: RuntimeName, store: Store, url: Secret | None, what: str, files: bool = False
) -> Iterator[Server]:
    """The server itself; `what` needs it, with its `files` or without.

    Refused when its programs are not here, or it was never started.
    """
    need("psycopg", "talking to PostgreSQL")
    if url is None and runtime == "docker":
        from fairlead.operations.backups.contained import server_inside  # noqa: PLC0415 — only with an engine

        with server_inside(place, store) as server:
            yield server
        return
    found = programs.require((*PROGRAMS, *base.PROGRAMS) if files else PROGRAMS, what)
    if url is not None:
        with at_url(url, found, declared(store)[0]) as server:
            yield server
        return
    where = stores_of(runtime, place).socket(store)
    if where is None:
        raise Refused(f"{store.name} was never started", f"deploy: fairlead deploy {place.environment}")
    yield Server({"host": where.host, "port": str(where.port), "user": SUPERUSER}, found)


def ground_of(place: Place, store: str) -> Ground:
    """Where copies are made: in a folder that whoever runs PostgreSQL gets into. Refused."""
    names = ("initdb", "postgres", *PROGRAMS, "pg_amcheck", "pg_verifybackup", "pg_controldata")
    found = programs.require(names, f"a copy of {store}")
    for name in ("pgbackrest", COMBINE):
        if more := programs.find(name):
            found[name] = more
    owner, folder = programs.unprivileged(), copies_of(place, store)
    if owner:
        programs.require_passage(folder, owner)
    users = (pwd.getpwuid(os.geteuid()).pw_name, *([owner.name] if owner else []))
    return Ground(folder, found, Who(owner.uid, owner.gid) if owner else None, users)


def copies_of(place: Place, store: str) -> Path:
    """The folder in which they lie, those of other stores too."""
    return outside(place, store).parent if programs.unprivileged() else place.root / "copies"


def need(module: str, what: str) -> None:
    """Refused, saying what to install, where an extra is missing."""
    import importlib  # noqa: PLC0415 — beside its use

    try:
        importlib.import_module(module)
    except ImportError as error:
        hint = "pip install 'fairlead[backup,postgres]'"
        raise Refused(f"{what} needs what is not installed here ({error})", hint) from None
