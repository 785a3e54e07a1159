"""Receives the log while it is written, and carries it away: a small program for each store, which lives as long as it.

pg_receivewal, here or in a container, writes into a folder beside the server's (`spool`), so what was committed stays
there when the server's own is lost; each whole segment and, every few seconds, the one that is being written is
encrypted and carried to where backups lie. A slot keeps what was not received yet, up to a limit, so that a dead
receiver never fills the disk; and where too much waits in the spool nothing more is received. What the server does not
have any more then is a gap in the log, which is noted: a full copy is made after it.
Every 10 s a heartbeat is written to the server: how far the log goes in time is known by it, also when nobody writes.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.backups.logical import server_facts
from fairlead.backups.physical import heart
from fairlead.backups.physical.archive import Archive, Reached, reached_text
from fairlead.backups.physical.segments import require_usual
from fairlead.backups.physical.spool import KEPT, LOOK, Bound, goes_on_at, names
from fairlead.backups.physical.wal import Place, number, place_of, position
from fairlead.backups.server import Server, line, one
from fairlead.errors import FairleadError
from fairlead.system.clock import wait_until
from fairlead.system.files import write_file
from fairlead.system.pipes import running

if TYPE_CHECKING:
    from fairlead.backups.server import Connection

SLOT, NAME = "fairlead", "fairlead_wal"
CARRY = 2.0  #: seconds between two tries to carry away a segment that is being written
SHARE = 5.0  #: it takes one part in so many of the time
MOST = 3.0  #: seconds between two tries, also where it takes more of the time then
DROPPING = 30.0  #: seconds for the slot to go
AGAIN = 0.5  #: seconds until a server that went away is tried again
FRESH = 100_000_000  #: nanoseconds; clocks of file systems tick
STOPPED, BROKEN = "log.stopped", "log.broken"  #: kinds of entries
FULL = (
    "as much of the log waits in the spool as may, so nothing more is received until it can be carried away; "
    f"the server keeps {KEPT >> 30} GB for it, and what it does not keep any more then is a gap"
)
GAP = "what was not received yet is gone from the server, so there is a gap in the log: only a new full copy is whole"
PROGRAM = "pg_receivewal"


@dataclass(frozen=True, slots=True)
class Stream:
    """pg_receivewal as it runs."""

    ended: Callable[[], str | None]  #: None as long as it runs, else why it ended; nothing where it was told to
    end: Callable[[], object]  #: tells it to, and does not wait for it; by any thread


Streaming = Callable[["Server", "Connection", Path, Sequence[str]], contextlib.AbstractContextManager[Stream]]
"""Run pg_receivewal with these arguments more, as long as the block lasts; it writes into the folder."""


@contextlib.contextmanager
def beside(server: Server, connection: Connection, folder: Path, arguments: Sequence[str]) -> Iterator[Stream]:
    """As a program of this machine."""
    command = server.command(PROGRAM, "--directory", str(folder), *arguments)
    command = replace(command, env={**(command.env or {}), "PGAPPNAME": NAME})
    log = folder.parent / f"{PROGRAM}.log"
    log.unlink(missing_ok=True)
    with running(command, log, PROGRAM) as child:

        def ended() -> str | None:
            code = child.poll()
            return code if code is None else _last(log) if code else ""

        yield Stream(ended, lambda: child.send_signal(signal.SIGINT))


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
    most: int | None = None  #: bytes that may wait in the spool; None: what is usual
    note: Callable[[str, str], object] = lambda kind, reason: None  #: into the ledger; FairleadError
    _next: float = 0.0  #: when a partial segment may be carried away again
    _beat_at: float = 0.0
    _synchronous: bool = False
    _failed: str = ""  #: why nothing could be carried away at the last try
    _stopped: bool = False  #: it was noted that nothing more is received
    _let: bool = False  #: and nobody waits for it

    def run(self) -> None:
        """Until it is to end. Whatever fails is said, and tried again."""
        said = ""
        while not self.ended():
            try:
                self._try(self.deliver)  # what a server that is no more has left
                self._require_room()
                self._stream()
                said = ""
            except (FairleadError, OSError) as error:
                if str(error) != said:  # once for each reason
                    said = str(error)
                    self.say(said)
            time.sleep(AGAIN)

    @property
    def bound(self) -> Bound:
        """Of the spool."""
        return Bound(self.spool, self.most)

    def _require_room(self) -> None:
        if not self.bound.full():
            self._stopped = self._let = False
            return
        if not self._stopped:
            self.note(STOPPED, FULL)
        self._stopped = True
        self._let_all_commit()
        raise FairleadError(FULL)

    def _let_all_commit(self) -> None:
        """Once the server is there. Whoever received before may have been killed, and the disk have become fuller."""
        if self.sync and not self._let:
            with contextlib.suppress(FairleadError), self.server() as it, it.session(it.home) as connection:
                self._let_commit(connection)
                self._let = True

    def _stream(self) -> None:
        """As long as the server is there, and the spool is not full."""
        with self.server() as server, server.session(server.home) as connection:
            system = self._prepare(connection)
            folder = self.spool / system
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            argv = ("--slot", SLOT, "--synchronous", "--no-loop", "--no-password", "--status-interval=1")
            why = None
            try:
                with (
                    self.streaming(server, connection, folder, argv) as stream,
                    self.bound.watching(lambda: self._enough(server, stream)),
                ):
                    while not self.ended() and (why := stream.ended()) is None:
                        self.look(connection, system)
                        time.sleep(LOOK)
                if self.bound.full():
                    self._let_commit(connection)  # it may have been set just before
                if why and not self.ended():
                    raise FairleadError(f"{PROGRAM}: {why}")
            finally:
                self._try(lambda: self._deliver(system, None))

    def _enough(self, server: Server, stream: Stream) -> None:
        """The spool is full. First nobody waits any more for what is not received then."""
        with contextlib.suppress(FairleadError), server.session(server.home) as connection:
            self._let_commit(connection)
        stream.end()

    def _let_commit(self, connection: Connection) -> None:
        if self.sync:
            self._set(connection, "synchronous_standby_names", "")

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
        require_usual(connection)
        facts = server_facts(connection)
        connection.execute("SET synchronous_commit = local")  # what looks after it never waits for it
        self._set(connection, "max_slot_wal_keep_size", f"{KEPT >> 30}GB")
        self._synchronous = one(connection, "SHOW synchronous_standby_names") == NAME
        if self._synchronous and not self.sync:
            self._set(connection, "synchronous_standby_names", "")
        connection.execute(heart.MAKE)
        self._have_slot(connection, str(facts["system"]))
        self.beats, self._beat_at = [], 0.0
        return str(facts["system"])

    def _have_slot(self, connection: Connection, system: str) -> None:
        state = one(connection, "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", SLOT)
        next = goes_on_at(self.spool / system)
        oldest = one(connection, "SELECT min(right(name, 16)) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'")
        if (next < str(oldest)) if next else state == "lost":
            self._begin_anew(system)
        if state == "lost":
            connection.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
        if state in (None, "lost"):
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])

    def _begin_anew(self, system: str) -> None:
        """The server does not have what comes next. pg_receivewal would ask for it for ever, as long as what was
        received before lies in the spool; so that goes, once it is carried away."""
        self._deliver(system, None)
        self.say(GAP)
        self.note(BROKEN, GAP)
        for name in names(self.spool / system):
            if place_of(name.removesuffix(".partial")):
                (self.spool / system / name).unlink(missing_ok=True)
                self.carried.pop((system, name), None)

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
            place_of(one) and (system, one) not in self.carried for one in names(self.spool / system)
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
        for name in names(folder):
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
        whole = sorted(name for name in names(folder) if place_of(name) and (system, name) in self.carried)
        for name in whole[:-1]:
            (folder / name).unlink(missing_ok=True)
            for gone in (name, f"{name}.partial"):
                self.carried.pop((system, gone), None)


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
