"""A PostgreSQL for a moment, apart from everything: reached through a socket in a folder of its own, gone at the end.

No network, no archiving, no background workers of extensions: a copy must send no mail and hold no slot.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.backups.server import Server, one
from fairlead.errors import FairleadError
from fairlead.system.clock import wait_until
from fairlead.system.commands import Command
from fairlead.system.files import remove_tree, write_file
from fairlead.system.home import near
from fairlead.system.pipes import Who, running

PORT = 5432  #: of the name of a socket only
SETTINGS = {
    "listen_addresses": "", "archive_mode": "off", "archive_command": "", "max_logical_replication_workers": "0",
    "shared_preload_libraries": "", "primary_conninfo": "", "primary_slot_name": "", "ssl": "off",
    "synchronous_standby_names": "", "fsync": "off", "full_page_writes": "off", "logging_collector": "off",
}  # fmt: skip
"""What a copy may not do; and it need not survive anything."""
PROGRAMS = ("initdb", "postgres", "psql", "pg_dump", "pg_dumpall", "pg_restore")
START = 300.0  #: seconds for a start; who recovers for longer says so


@dataclass(frozen=True, slots=True)
class Ground:
    """Where copies are made, and as whom they run."""

    folder: Path  #: of all copies of this store
    programs: Mapping[str, str]
    who: Who | None = None  #: another user than this one
    users: tuple[str, ...] = ()  #: of the machine, who may be its superuser

    def env(self) -> dict[str, str]:
        """What its programs see."""
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@contextlib.contextmanager
def room(ground: Ground, name: str) -> Iterator[Path]:
    """A folder that the copy's user alone gets into; gone at the end, and with it what is in it."""
    path = ground.folder / name
    ground.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    path.mkdir(mode=0o700)
    try:
        if ground.who:
            os.chown(path, ground.who.uid, ground.who.gid)
        yield path
    finally:
        remove_tree(path)


def cluster(ground: Ground, path: Path) -> Path:
    """A new, empty one; its data folder."""
    data = path / "data"
    argv = (
        ground.programs["initdb"], f"--pgdata={data}", "--username=postgres", "--auth=peer", "--encoding=UTF8",
        "--locale=C.UTF-8", "--no-sync", "--no-instructions",
    )  # fmt: skip
    log = path / "initdb.log"
    with running(Command(argv, cwd=Path("/"), env=ground.env()), log, "initdb", ground.who) as child:
        code = child.wait()
    if code != 0:
        raise FairleadError(f"initdb: {_last(log)}", "see whether the disk is full")
    return data


@contextlib.contextmanager
def started(
    ground: Ground, path: Path, data: Path, settings: Mapping[str, str] | None = None, patience: float = START
) -> Iterator[Server]:
    """Run what is in `data`; ready for sessions, and, where it recovers, at its end and stable.

    `settings` come above those that keep it apart. FairleadError with its last words when it ends, or is not ready
    after `patience` seconds.
    """
    hba, ident = path / "pg_hba.conf", path / "pg_ident.conf"
    write_file(hba, "local all postgres peer map=copy\n", 0o644)
    write_file(ident, "".join(f'copy "{user}" postgres\n' for user in ground.users), 0o644)
    socket = near(path, f".s.PGSQL.{PORT}")
    own = {
        **SETTINGS, **(settings or {}), "port": str(PORT), "unix_socket_directories": str(socket),
        "hba_file": str(hba), "ident_file": str(ident),
    }  # fmt: skip
    argv = (ground.programs["postgres"], "-D", str(data), *(f"--{key}={value}" for key, value in own.items()))
    server = Server({"host": str(socket), "port": str(PORT), "user": "postgres"}, ground.programs)
    log = path / "log"
    with running(Command(argv, cwd=Path("/"), env=ground.env()), log, "the copy", ground.who) as child:
        _await(server, lambda: child.poll() is not None, log, patience)
        yield server


def _await(server: Server, ended: Callable[[], bool], log: Path, patience: float) -> None:
    """Never believed at once: a server that recovers to a time that its log does not reach starts, and then dies."""

    def ready() -> bool:
        if ended():
            raise FairleadError(f"the copy ended: {_last(log)}", "restore from another backup, or to another time")
        try:
            with server.session("postgres") as connection:
                return one(connection, "SELECT pg_is_in_recovery()") is False
        except FairleadError:  # it is not up yet
            return False

    if not wait_until(ready, patience, 0.05, 0.5):
        raise FairleadError(f"the copy is not up after {patience:g} s: {_last(log)}", "see whether the machine is slow")


def _last(log: Path) -> str:
    """Its last words: what is fatal, else the last line."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-30:]
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (fatal or lines or ["it said nothing"])[-1][-300:]


def copy_name(store: str) -> str:
    """Generated, never somebody's input."""
    return f"{store}.copy-{os.getpid()}-{time.monotonic_ns()}"
