"""Receives the log while it is written, and carries it away: a small program for each store, which lives as long as it.

pg_receivewal, here or in a container, writes into a folder beside the server's (`spool`), so what was committed stays
there when the server's own is lost; each whole segment and, every few seconds, the one that is being written is
encrypted and carried to where backups lie. A slot keeps what was not received yet, up to a limit, so that a dead
receiver never fills the disk.
Every 10 s a heartbeat is written to the server: how far the log goes in time is known by it, also when nobody writes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.backups.logical import server_facts
from fairlead.backups.physical import heart
from fairlead.backups.physical.archive import Archive, Reached, reached_text
from fairlead.backups.physical.wal import Place, number, place_of, position
from fairlead.backups.server import Server, line, one
from fairlead.errors import FairleadError
from fairlead.system.clock import wait_until
from fairlead.system.files import write_file
from fairlead.system.pipes import running

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

SLOT, NAME = "fairlead", "fairlead_wal"
LOOK = 0.2  #: seconds between two looks at the spool
CARRY = 2.0  #: seconds between two tries to carry away a segment that is being written
SHARE = 5.0  #: it takes one part in so many of the time
MOST = 3.0  #: seconds between two tries, also where it takes more of the time then
DROPPING = 30.0  #: seconds for the slot to go
AGAIN = 0.5  #: seconds until a server that went away is tried again
FRESH = 100_000_000  #: nanoseconds; clocks of file systems tick
KEPT = "4GB"  #: of the log, by the slot
PROGRAM = "pg_receivewal"

Ended = Callable[[], str | None]
"""Asked whether it ended: None as long as it runs, else why; nothing where it was told to."""
Streaming = Callable[["Server", "Connection", Path, Sequence[str]], contextlib.AbstractContextManager[Ended]]
"""Run pg_receivewal with these arguments more, as long as the block lasts; it writes into the folder."""


@contextlib.contextmanager
def beside(server: Server, connection: Connection, folder: Path, arguments: Sequence[str]) -> Iterator[Ended]:
    """As a program of this machine."""
    command = server.command(PROGRAM, "--directory", str(folder), *arguments)
    command = replace(command, env={**(command.env or {}), "PGAPPNAME": NAME})
    log = folder.parent / f"{PROGRAM}.log"
    log.unlink(missing_ok=True)
    with running(command, log, PROGRAM) as child:

        def ended() -> str | None:
            code = child.poll()
            return code if code is None else _last(log) if code else ""

        yield ended


@dataclass
class Receiver:
    """Of one server. `ended` is asked all the time whether it is to end."""

    server: Callable[[], contextlib.AbstractContextManager[Server]]
    archive: Archive
    keys: Any  #: recipients
    spool: Path
    ended: Callable[[], bool]
    say: Callable[[str], object]
    sync: bool = False  #: a commit waits until it is in the spool
    streaming: Streaming = beside
    beats: list[tuple[datetime, int]] = field(default_factory=list)  #: that are not known to be carried away
    carried: dict[tuple[str, str], int] = field(default_factory=dict)  #: when a file changed that was carried away
    noted: dict[tuple[str, int], datetime] = field(default_factory=dict)  #: how far each timeline is said to go
    hurry: Callable[[], bool] = lambda: False  #: asked all the time whether somebody waits for what is there now
    _next: float = 0.0  #: when a partial segment may be carried away again
    _beat_at: float = 0.0
    _synchronous: bool = False
    _failed: str = ""  #: why nothing could be carried away at the last try

    def run(self) -> None:
        """Until it is to end. Whatever fails is said, and tried again."""
        said = ""
        while not self.ended():
            try:
                self._try(self.deliver)  # what a server that is no more has left
                self._stream()
                said = ""
            except (FairleadError, OSError) as error:
                if str(error) != said:  # once for each reason
                    said = str(error)
                    self.say(said)
            time.sleep(AGAIN)

    def _stream(self) -> None:
        """As long as the server is there."""
        with self.server() as server, server.session(server.home) as connection:
            system = self._prepare(connection)
            folder = self.spool / system
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            argv = ("--slot", SLOT, "--synchronous", "--no-loop", "--no-password", "--status-interval=1")
            why = None
            try:
                with self.streaming(server, connection, folder, argv) as ended:
                    while not self.ended() and (why := ended()) is None:
                        self.look(connection, system)
                        time.sleep(LOOK)
                if why and not self.ended():
                    raise FairleadError(f"{PROGRAM}: {why}")
            finally:
                self._try(lambda: self._deliver(system, None))

    def _try(self, carry: Callable[[], None]) -> None:
        """Carry something away. A place that cannot be reached ends no receiving: with `sync` nobody could commit."""
        failed = ""
        try:
            carry()
        except (FairleadError, OSError) as error:
            failed = str(error)
            if failed != self._failed:  # once for each reason
                self.say(f"{failed}; what is received stays here, and it is tried again")
        self._failed = failed

    def _prepare(self, connection: Connection) -> str:
        """Its settings, the heartbeat and the slot; the server's own number."""
        facts = server_facts(connection)
        connection.execute("SET synchronous_commit = local")  # what looks after it never waits for it
        self._set(connection, "max_slot_wal_keep_size", KEPT)
        self._synchronous = one(connection, "SHOW synchronous_standby_names") == NAME
        if self._synchronous and not self.sync:
            self._set(connection, "synchronous_standby_names", "")
        connection.execute(heart.MAKE)
        state = one(connection, "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", SLOT)
        if state == "lost":
            self.say("the slot lost what it was to keep: there is a gap in the log, so make a full backup")
            connection.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
        if state in (None, "lost"):
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])
        self.beats, self._beat_at = [], 0.0
        return str(facts["system"])

    def _set(self, connection: Connection, name: str, value: str) -> None:
        if one(connection, f"SHOW {name}") != value:
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")

    def look(self, connection: Connection, system: str) -> None:
        """One look: a heartbeat when one is due, what is received carried away when it is time."""
        if self.hurry():
            self._beat_at = self._next = 0.0
        if time.monotonic() >= self._beat_at:
            self.beat(connection)
        if self.sync and not self._synchronous and self._flushed(connection):
            self._set(connection, "synchronous_standby_names", NAME)  # not before: whoever commits would wait
            self._synchronous = True
        if self._due(system):
            begun = time.monotonic()
            flushed = self._flushed(connection)
            self._try(lambda: self._deliver(system, flushed))
            took = time.monotonic() - begun
            self._next = time.monotonic() + min(max(CARRY, took * SHARE), MOST)

    def beat(self, connection: Connection) -> None:
        """A heartbeat, and where the log is after it."""
        moment = heart.beat(connection)
        at = position(str(one(connection, "SELECT pg_current_wal_insert_lsn()")))
        self.beats.append((moment, at))
        self._beat_at = time.monotonic() + heart.EVERY

    def _flushed(self, connection: Connection) -> tuple[int, int] | None:
        """The timeline, and up to where the spool has it."""
        row = connection.execute(
            "SELECT flush_lsn::text, left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_stat_replication "
            "WHERE application_name = %s AND flush_lsn IS NOT NULL", [NAME],
        ).fetchone()  # fmt: skip
        return (int(row[1], 16), position(str(row[0]))) if row else None

    def _due(self, system: str) -> bool:
        whole = not self._failed and any(
            place_of(one) and (system, one) not in self.carried for one in _names(self.spool / system)
        )
        return whole or time.monotonic() >= self._next

    def deliver(self) -> None:
        """All that lies in the spool, of whatever cluster."""
        for folder in sorted(self.spool.iterdir()) if self.spool.is_dir() else ():
            if folder.is_dir():
                self._deliver(folder.name, None)

    def _deliver(self, system: str, flushed: tuple[int, int] | None) -> None:
        """`flushed`: what the spool had before it is looked at here."""
        folder = self.spool / system
        for name in _names(folder):
            path = folder / name
            with contextlib.suppress(FileNotFoundError):  # a segment that became whole a moment ago
                self._carry(system, path)
        if flushed:
            self._note(system, *flushed)
        self._tidy(system, folder)

    def _carry(self, system: str, path: Path) -> None:
        changed = path.stat().st_mtime_ns
        if self.carried.get((system, path.name)) == changed:
            return
        fresh = time.time_ns() - changed < FRESH  # what is written in the same tick would not change it
        name, _, ending = path.name.partition(".")
        place = place_of(name)
        if ending == "history":
            self.archive.keep_history(system, int(name, 16), path.read_bytes(), self.keys)
        elif place and ending == "partial":
            self.archive.keep_partial(system, place, path.read_bytes(), self.keys)
        elif place:
            self.archive.keep(system, place, path.read_bytes(), self._last_beat(place), self.keys)
        self.carried[system, path.name] = 0 if fresh and ending else changed

    def _last_beat(self, place: Place) -> int:
        """The last that is in a segment, in milliseconds; 0: none that is known."""
        inside = [moment for moment, at in self.beats if number(at - 1) <= place[1]]
        return int(inside[-1].timestamp() * 1000) if inside else 0

    def _note(self, system: str, timeline: int, flushed: int) -> None:
        """Write down how far it goes, here and there, once there is a heartbeat more."""
        inside = [one for one in self.beats if one[1] <= flushed]
        if not inside or self.noted.get((system, timeline)) == inside[-1][0]:
            return
        moment, lsn = inside[-1]
        before = self.archive.reached(system, timeline)
        reached = Reached(moment, lsn, before.began if before else inside[0][0])
        self.archive.keep_reached(system, timeline, reached)
        write_file(self.spool / system / f"{timeline:08X}.json", reached_text(reached), 0o600)
        self.noted[system, timeline] = moment
        self.beats = [one for one in self.beats if one[1] > flushed or number(one[1]) >= number(flushed) - 1]

    def _tidy(self, system: str, folder: Path) -> None:
        """The newest whole segment stays: it says where to go on."""
        whole = sorted(name for name in _names(folder) if place_of(name) and (system, name) in self.carried)
        for name in whole[:-1]:
            (folder / name).unlink(missing_ok=True)
            for gone in (name, f"{name}.partial"):
                self.carried.pop((system, gone), None)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".tmp")) if folder.is_dir() else []


def _last(log: Path) -> str:
    lines = [text for text in log.read_text(errors="replace").splitlines() if text.strip()]
    return line(FairleadError(lines[-1])) if lines else "it ended"


def release(connection: Connection) -> None:
    """Nobody receives it any more: nothing is kept for it, and no commit waits for it.

    The limit of what is kept goes last: a slot that stayed without one would fill the disk of the server.
    """
    _reset(connection, "synchronous_standby_names")
    if wait_until(lambda: _dropped(connection), DROPPING, 0.05, 0.5):
        _reset(connection, "max_slot_wal_keep_size")


def _dropped(connection: Connection) -> bool:
    """Who receives it still is ended: the server knows of the end of a connection only when it writes to it."""
    from psycopg.errors import ObjectInUse, UndefinedObject  # noqa: PLC0415 — an extra

    mine = [SLOT]
    connection.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s", mine)
    with contextlib.suppress(ObjectInUse, UndefinedObject):  # one took it, or dropped it, in this very moment
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s AND NOT active",
            mine,
        )
    return one(connection, "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", SLOT) is None


def _reset(connection: Connection, name: str) -> None:
    connection.execute(f"ALTER SYSTEM RESET {name}")
    connection.execute("SELECT pg_reload_conf()")
