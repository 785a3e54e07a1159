"""A PostgreSQL for a moment, apart from everything: reached through a socket in a folder of its own, gone at the end.
Its programs are those of this machine, or those of a container that has the same folder.

No network, no archiving, no background workers of extensions: a copy must send no mail and hold no slot.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fairlead.backups.server import Said, Server, one, said_by
from fairlead.errors import FairleadError
from fairlead.system.clock import wait_until
from fairlead.system.commands import Command
from fairlead.system.files import remove_tree, write_file
from fairlead.system.home import near
from fairlead.system.lock import FileLock
from fairlead.system.pipes import Who, running

if TYPE_CHECKING:
    from fairlead.engine.pipes import Inside

PORT = 5432  #: of the name of a socket only
SETTINGS = {
    "listen_addresses": "", "archive_mode": "off", "archive_command": "", "max_logical_replication_workers": "0",
    "shared_preload_libraries": "", "primary_conninfo": "", "primary_slot_name": "", "ssl": "off",
    "synchronous_standby_names": "", "fsync": "off", "full_page_writes": "off", "logging_collector": "off",
}  # fmt: skip
"""What a copy may not do; and it need not survive anything."""
PROGRAMS = ("initdb", "postgres", "psql", "pg_dump", "pg_dumpall", "pg_restore")
START = 300.0  #: seconds for a start; who recovers for longer says so
_TOO_EARLY = "FATAL:  the database system is "  #: starting up, not accepting connections, shutting down


class Box(Protocol):
    """A container for each copy, in which the copy's folder has the name that it has here."""

    @property
    def socket(self) -> str:
        """The same folder by a name that is short enough for a socket."""

    def opened(self, path: Path) -> contextlib.AbstractContextManager[None]:
        """There as long as the block lasts, with whatever runs in it."""

    def inside(self, path: Path) -> Inside:
        """For commands in it, at the end of a pipe."""

    def run(self, path: Path, argv: Sequence[str]) -> Said:
        """One, to its end."""

    def running(
        self, path: Path, argv: Sequence[str], log: Path
    ) -> contextlib.AbstractContextManager[Callable[[], bool]]:
        """One as long as the block lasts, which is asked whether it ended. What it says goes to `log`."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where copies are made, and as whom they run."""

    folder: Path  #: of all copies of this store
    programs: Mapping[str, str]
    who: Who | None = None  #: another user than this one
    users: tuple[str, ...] = ()  #: of the machine, who may be its superuser
    box: Box | None = None  #: where programs run; None: on this machine

    def env(self) -> dict[str, str]:
        """What its programs see."""
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def run(self, data: Path, program: str, *arguments: str) -> Said:
        """One of its programs, beside the files in `data`, to its end."""
        argv = (self.programs[program], *arguments)
        if self.box:
            return self.box.run(data.parent, argv)
        return said_by(Command(argv, cwd=Path("/"), env=self.env()))

    @contextlib.contextmanager
    def running(self, path: Path, argv: Sequence[str], log: Path, what: str) -> Iterator[Callable[[], bool]]:
        """One as long as the block lasts, which is asked whether it ended."""
        if self.box:
            with self.box.running(path, argv, log) as ended:
                yield ended
            return
        with running(Command(tuple(argv), cwd=Path("/"), env=self.env()), log, what, self.who) as child:
            yield lambda: child.poll() is not None


@contextlib.contextmanager
def room(ground: Ground, name: str) -> Iterator[Path]:
    """A folder that the copy's user alone gets into; gone at the end, and with it what is in it."""
    path = ground.folder / name
    ground.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    if ground.box is None:  # those with a container go with it
        sweep(ground.folder)
    with claimed(path):
        path.mkdir(mode=0o700)
        try:
            if ground.who:
                os.chown(path, ground.who.uid, ground.who.gid)
            with ground.box.opened(path) if ground.box else contextlib.nullcontext():
                yield path
        finally:
            remove_tree(path)


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[None]:
    """From before a copy is there until after it is gone: who sweeps knows by it that somebody lives who needs it."""
    lock = FileLock(_claim(path))
    lock.acquire(str(os.getpid()), blocking=True)
    try:
        yield
    finally:
        lock.path.unlink(missing_ok=True)
        lock.release()


def is_orphan(path: Path) -> bool:
    """Whether nobody lives who made this copy. Only asked of one that is there."""
    return not (_claim(path).exists() and FileLock(_claim(path)).held())


def forget_claim(path: Path) -> None:
    """Of an orphan that is gone."""
    _claim(path).unlink(missing_ok=True)


def _claim(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def sweep(folder: Path) -> None:
    """What those left who were killed: all of the data of a store, opened."""
    for left in folder.glob("*.copy-*"):
        if left.is_dir() and is_orphan(left):
            remove_tree(left)
            forget_claim(left)


def cluster(ground: Ground, path: Path) -> Path:
    """A new, empty one; its data folder."""
    data = path / "data"
    argv = (
        ground.programs["initdb"], f"--pgdata={data}", "--username=postgres", "--auth=peer", "--encoding=UTF8",
        "--locale=C.UTF-8", "--no-sync",
    )  # fmt: skip
    log = path / "initdb.log"
    with running(Command(argv, cwd=Path("/"), env=ground.env()), log, "initdb", ground.who) as child:
        code = child.wait()
    if code != 0:
        raise FairleadError(f"initdb: {_last(log)}", "see whether the disk is full")
    return data


@contextlib.contextmanager
def started(
    ground: Ground, path: Path, data: Path, settings: Mapping[str, str] | None = None, patience: float = START,
    tcp: int | None = None,
) -> Iterator[Server]:  # fmt: skip
    """Run what is in `data`; ready for sessions, and, where it recovers, at its end and stable.

    `settings` come above those that keep it apart. `tcp`: a port of this machine's own address on which it listens for
    roles with a password. FairleadError with its last words when it ends, or is not ready
    after `patience` seconds.
    """
    hba, ident = path / "pg_hba.conf", path / "pg_ident.conf"
    # who comes to a container is nobody whom it knows, and who gets to the folder is this user alone
    rule = f"local all postgres {'trust' if ground.box else 'peer map=copy'}\n"
    write_file(hba, rule + ("host all all 127.0.0.1/32 scram-sha-256\n" if tcp else ""), 0o644)
    write_file(ident, "".join(f'copy "{user}" postgres\n' for user in ground.users), 0o644)
    port = tcp or PORT
    socket = near(path, f".s.PGSQL.{port}")
    heard = {"listen_addresses": "127.0.0.1"} if tcp else {}
    own = {
        **SETTINGS, **(settings or {}), **heard, "port": str(port), "hba_file": str(hba), "ident_file": str(ident),
        "unix_socket_directories": ground.box.socket if ground.box else str(socket),
    }  # fmt: skip
    argv = (ground.programs["postgres"], "-D", str(data), *(f"--{key}={value}" for key, value in own.items()))
    where = {"host": str(socket), "port": str(port), "user": "postgres"}
    inside = ground.box.inside(path) if ground.box else None
    log = path / "log"
    with ground.running(path, argv, log, "the copy") as ended:
        server = Server(where, ground.programs, inside=inside)
        _await(server, ended, log, patience)
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
    return last_words(log.read_text(errors="replace"))


def last_words(said: str) -> str:
    """What is fatal, else the last line: a server says last that it is shut down. That it takes no session yet is what
    it says to us."""
    lines = [line for line in said.splitlines() if line.strip() and _TOO_EARLY not in line][-30:]
    fatal = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "initdb: error"))]
    return (fatal or lines or ["it said nothing"])[-1][-300:]


def copy_name(store: str) -> str:
    """Generated, never somebody's input."""
    return f"{store}.copy-{os.getpid()}-{time.monotonic_ns()}"
