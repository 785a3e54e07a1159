"""A server for a moment that becomes what another one was: a copy of the data files, and the log read up to a moment.

PostgreSQL asks for each segment with a command. It is a few lines of shell that ask this process, which has the keys: a
code of 1 says that there is no such segment; whatever goes wrong is a code above 125, at which it gives up instead of
taking it for the end of the log.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

from fairlead.backups.destinations.base import Gone
from fairlead.backups.physical.archive import Archive, Log
from fairlead.backups.physical.coverage import Aim
from fairlead.backups.physical.wal import Place, number, place_of, position, segment_name
from fairlead.backups.scratch import Ground, started
from fairlead.backups.server import Server, one
from fairlead.errors import FairleadError, Refused
from fairlead.system.files import write_file

FOUND, ABSENT, FAILED = 0, 1, 200
PATIENCE = 24 * 3600.0  #: seconds for all of the log; a server that ended is noticed at once
LEAST = {
    "max_connections": "max_connections", "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders", "max_prepared_xacts": "max_prepared_transactions",
    "max_locks_per_xact": "max_locks_per_transaction",
}  # fmt: skip
"""What must not be less than it was, by pg_controldata's name."""
SCRIPT = """#!/bin/sh
echo "$1" > {ask} || exit 201
while read -r name code; do
    [ "$name" = "$1" ] || continue
    [ "$code" = 0 ] && {{ mv {fetched} "$2" || exit 202; }}
    exit "$code"
done < {answer}
exit 203
"""


@dataclass
class Feed:
    """Hands a server the segments that it asks for."""

    archive: Archive
    log: Log
    keys: Sequence[Any] = field(repr=False)
    aim: Aim
    failed: FairleadError | None = None
    given: list[str] = field(default_factory=list)

    def fetch(self, name: str) -> bytes | None:
        """A segment or a history; None when there is none. FairleadError for one that cannot be read."""
        place = place_of(name)
        if place is None:
            with contextlib.suppress(Gone, ValueError):
                return self.archive.history(self.log.system, int(name.partition(".")[0], 16), self.keys)
            return None
        kept = self.log.segments.get(place)
        if kept is None:
            if self._needs(place):
                raise Gone(f"{name} was there a moment ago, and is gone", "restore again")
            return None
        return self.archive.bytes_of(self.log.system, kept, self.keys)

    def _needs(self, place: Place) -> bool:
        return any(place in stretch.places() for stretch in self.aim.needed)

    @contextlib.contextmanager
    def served(self, ground: Ground, path: Path) -> Iterator[str]:
        """The command to ask with, as long as the block lasts. `path`: a folder of the server's user."""
        ask, answer, fetched = path / "ask", path / "answer", path / "fetched"
        for fifo in (ask, answer):
            os.mkfifo(fifo, 0o600)
            if ground.who:
                os.chown(fifo, ground.who.uid, ground.who.gid)
        script = path / "restore.sh"
        quoted = {key: shlex.quote(str(value)) for key, value in
                  (("ask", ask), ("answer", answer), ("fetched", fetched))}  # fmt: skip
        write_file(script, SCRIPT.format(**quoted), 0o644)
        done = threading.Event()
        thread = threading.Thread(target=self._serve, args=(ground, ask, answer, fetched, done))
        thread.start()
        try:
            yield f"sh {shlex.quote(str(script)).replace('%', '%%')} %f %p"
        finally:
            done.set()
            thread.join()

    def _serve(self, ground: Ground, ask: Path, answer: Path, fetched: Path, done: threading.Event) -> None:
        asking, telling = (os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in (ask, answer))
        said = b""
        try:
            while not done.is_set():
                if select.select([asking], [], [], 0.1)[0]:
                    said += os.read(asking, 4096)
                while b"\n" in said:
                    name, _, said = said.partition(b"\n")
                    code = self._answer(ground, name.decode(), fetched)
                    os.write(telling, f"{name.decode()} {code}\n".encode())
        finally:
            os.close(asking)
            os.close(telling)

    def _answer(self, ground: Ground, name: str, fetched: Path) -> int:
        try:
            data = self.fetch(name)
            if data is None:
                return ABSENT
            write_file(fetched, data, 0o600)
            if ground.who:
                os.chown(fetched, ground.who.uid, ground.who.gid)
        except FairleadError as error:
            self.failed = error
            return FAILED
        except OSError as error:
            self.failed = FairleadError(f"{fetched.parent}: {error.strerror}", "see whether the disk is full")
            return FAILED
        self.given.append(name)
        return FOUND


@contextlib.contextmanager
def recovered(ground: Ground, path: Path, data: Path, feed: Feed) -> Iterator[Server]:
    """Run what is in `data`, at its aim and writable. What stopped it is raised, by whoever knows it better."""
    require_version(ground, data)
    write_file(data / "recovery.signal", "", 0o600)
    if ground.who:
        os.chown(data / "recovery.signal", ground.who.uid, ground.who.gid)
    with (
        feed.archive.session(feed.log, feed.keys),
        feed.served(ground, path) as command,
        contextlib.ExitStack() as stack,
    ):
        settings = _least(ground, data) | _target(feed.aim) | {"restore_command": command, "hot_standby": "off"}
        try:
            server = stack.enter_context(started(ground, path, data, settings, PATIENCE))
        except FairleadError as error:
            raise feed.failed or error from None
        require_reached(server, feed)
        yield server


def _target(aim: Aim) -> dict[str, str]:
    """Where to stop. Without a moment or a name it stops at the end of what there is, which is looked at afterwards."""
    found = {"recovery_target_action": "promote", "recovery_target_timeline": str(aim.timeline)}
    if aim.point is not None:
        return found | {"recovery_target_name": aim.point.name}
    if aim.target is not None:
        moment = f"{aim.target.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00"
        return found | {"recovery_target_time": moment, "recovery_target_inclusive": "off"}
    return found if aim.needed else found | {"recovery_target": "immediate"}


def require_reached(server: Server, feed: Feed) -> None:
    """FairleadError when it stopped before the end of the log, which it does without a word."""
    whole = [at for (of, at), kept in feed.log.segments.items() if of == feed.aim.timeline and kept.whole]
    last = min(feed.aim.last or 0, max(whole, default=0))
    if feed.aim.target is not None or feed.aim.point is not None or not feed.aim.needed or not last:
        return
    with server.session(server.home) as connection:
        lsn = position(str(one(connection, "SELECT pg_last_wal_replay_lsn()")))
    if number(lsn - 1) < last:
        name = segment_name(feed.aim.timeline, last)
        raise FairleadError(f"the copy stopped in the middle of the log, before {name}", "see fairlead backup verify")


def _least(ground: Ground, data: Path) -> dict[str, str]:
    """The server would not start, or stop in the middle, with less than it had."""
    said = ground.run(data, "pg_controldata", str(data))
    rows = (line.partition(" setting:") for line in said.output.splitlines())
    return {LEAST[key]: value.strip() for key, _, value in rows if key in LEAST}


def require_version(ground: Ground, data: Path) -> None:
    """Refused when these are files of another PostgreSQL than the one here."""
    was = (data / "PG_VERSION").read_text().strip()
    said = ground.run(data, "postgres", "--version").output.split()
    here = next((word.split(".")[0] for word in said if word[:1].isdigit()), "?")
    if was != here:
        raise Refused(f"the copy is of PostgreSQL {was}, and this machine has {here}", f"apt install postgresql-{was}")
