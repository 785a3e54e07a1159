"""Copies of a Redis: a snapshot that it writes itself, decoded before it is sent, and a Redis of its own to try it in.

Traps: a Redis with `appendonly yes` reads its log and no snapshot, so what is restored gets a log before it is put in
place; the snapshot is linked to a name of its own before it is read, as the next one takes its place; while a log is
written anew no snapshot is begun, so that is asked again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue, Part, new_id
from fairlead.backups.logical import Recipients
from fairlead.backups.physical.unpacking import Push
from fairlead.backups.sealing import SUFFIX, Damaged
from fairlead.backups.shell import Shell
from fairlead.errors import FairleadError
from fairlead.system import clock
from fairlead.system.clock import wait_until

SNAPSHOT = "dump.rdb"
KIND = "snapshot"  #: of a part
PATIENCE, START = 3600.0, 60.0  #: seconds for one act of a large Redis, and for its first step
SAY = '{ head -n 1 "$1/ask"; echo "$4"; } | "$2" -h 127.0.0.1 -p "$3"'
"""The file has its password, so that no argument has."""
PINNED = 'rm -f "$1"/fairlead-*.rdb && ln "$1/dump.rdb" "$1/fairlead-$2.rdb" && "$3" "$1/fairlead-$2.rdb"'
COUNTED = re.compile(r"\[info\] (\d+) (keys read|expires)\b")
CHECKED = '"$1" "$2"; echo "exit $?"'
BROKEN, CRASHED = "RDB ERROR DETECTED", "Server crash"
ALONE = """set -eu
cd "$1"
exec "$2" - <<END
port 0
unixsocket s
unixsocketperm 700
dir .
dbfilename dump.rdb
save ""
appendonly no
pidfile pid
END
"""
"""No network, no bound on its memory, and nothing written but what is asked for."""
STATE = """[ -s "$1/pid" ] || { echo none; exit 0; }
kill -0 "$(cat "$1/pid")" 2>/dev/null && echo lives || echo ended
"""
ASKED = 'cd "$1" && echo "$3" | "$2" -s ./s'


@dataclass(frozen=True)
class Live:
    """A Redis that runs."""

    shell: Shell
    data: str
    conf: str
    port: int
    programs: Mapping[str, str]

    def ask(self, command: str) -> str:
        """What it answers. FairleadError when it does not let us in."""
        said = self.shell.run("redis-cli", SAY, self.conf, self._program("redis-cli"), str(self.port), command)
        first, _, rest = said.partition("\n")
        if first.strip() != "OK":
            raise FairleadError(f"Redis: {first.strip() or 'it says nothing'}", "see whether it is well: fairlead ps")
        return rest.strip()

    def facts(self, section: str) -> dict[str, str]:
        """A section of INFO."""
        return _fields(self.ask(f"INFO {section}"))

    def save(self, id: str) -> tuple[datetime, str]:
        """Have a snapshot of now, under a name of its own, and decode it; the moment it is of, and what is said of it.

        Redis forks before it answers, and what the child writes is the memory at the fork: nothing that came while it
        was written is in it. FairleadError.
        """
        asked: list[datetime] = []

        def begun() -> bool:
            asked.append(clock.now())
            return self._begun()

        if not wait_until(begun, PATIENCE, 0.1, 2.0):
            raise FairleadError("Redis began no snapshot: it writes its log anew all the time", "see its log")
        if not wait_until(lambda: self.facts("persistence")["rdb_bgsave_in_progress"] == "0", PATIENCE, 0.05, 2.0):
            raise FairleadError(f"Redis has not ended its snapshot after {PATIENCE:g} s", "see its log")
        if self.facts("persistence")["rdb_last_bgsave_status"] != "ok":
            raise FairleadError("Redis could not write its snapshot", "see its log: is the disk full, or memory short?")
        said = self.shell.run("redis-check-rdb", PINNED, self.data, id, self._program("redis-check-rdb"))
        return asked[-1], said

    def _begun(self) -> bool:
        said = self.ask("BGSAVE")
        if "progress" in said or "another child" in said.lower() or "active" in said:
            return False
        if "started" not in said:
            raise FairleadError(f"Redis began no snapshot: {said[:200]}", "see its log")
        return True

    def _program(self, name: str) -> str:
        return self.programs.get(name, name)


@dataclass(frozen=True)
class Snapshots:
    """The engine of backups of one Redis."""

    redis: Live

    def make(self, catalogue: Catalogue, recipients: Recipients, why: str) -> Backup:
        """A new one. FairleadError; then there is none, and what was written of it goes."""
        began = clock.now()
        id = new_id(began)
        version = self.redis.facts("server").get("redis_version", "")
        try:
            moment, said = self.redis.save(id)
            told: dict[str, Any] = counted(said)
            part = self._part(catalogue, id, recipients)
        except BaseException:
            catalogue.discard(id)
            raise
        finally:
            self.redis.shell.run("the snapshot", 'rm -f "$1"/fairlead-*.rdb', self.redis.data)
        backup = Backup(
            id=id, kind="logical", owner=catalogue.owner, began=began.isoformat(timespec="seconds"),
            ended=moment.isoformat(timespec="milliseconds"), why=why, server=version, system="", timeline=0,
            start_lsn="", stop_lsn="", recipients=recipients.names, parts=(part,), facts=told,
        )  # fmt: skip
        catalogue.add(backup)
        return backup

    def _part(self, catalogue: Catalogue, id: str, recipients: Recipients) -> Part:
        name = SNAPSHOT + SUFFIX
        reading = self.redis.shell.reading("the snapshot", 'cat "$1/fairlead-$2.rdb"', self.redis.data, id)
        with catalogue.where.writing(catalogue.path(id, name)) as write, reading as source:
            sealed = recipients.seal(source, write)
        return Part(name, KIND, "", sealed.size, sealed.stored, sealed.sha256)


def counted(said: str) -> dict[str, int]:
    """Keys, and how many of them end by themselves, of what redis-check-rdb says. FairleadError."""
    found = {what.split()[0]: int(number) for number, what in COUNTED.findall(said)}
    if "keys" not in found:
        raise FairleadError(f"redis-check-rdb: {said.strip()[-200:]}", "see the log of the store")
    return {"keys": found["keys"], "expires": found.get("expires", 0)}


def keys_of(keyspace: Mapping[str, str]) -> int:
    """How many there are, of what INFO says of each of its databases."""
    return sum(int(dict(it.split("=") for it in text.split(","))["keys"]) for text in keyspace.values() if "=" in text)


def _fields(said: str) -> dict[str, str]:
    return dict(line.strip().split(":", 1) for line in said.splitlines() if ":" in line)


@dataclass(frozen=True)
class Trial:
    """A snapshot in a folder of its own, and a Redis that reads it, which nobody else reaches."""

    shell: Shell
    folder: str
    programs: Mapping[str, str]

    def put(self, push: Push) -> None:
        """Have it there."""
        with self.shell.feeding("the snapshot", 'umask 077; cat >"$1/dump.rdb"', self.folder) as write:
            push(write)

    def look(self, wanted: Mapping[str, Any], log: bool) -> dict[str, int]:
        """Read all of it, and count; what was counted. `log`: have what a Redis with a log reads, too.

        Damaged when it is not as it was: other keys, or nothing that a Redis can read.
        """
        path = f"{self.folder}/dump.rdb"
        said = self._checked(path)
        if said["keys"] != wanted["keys"]:
            raise Damaged(f"{said['keys']} keys are in it, and {wanted['keys']} were", "restore from another backup")
        log_file = f"{self.folder}/log"
        server = self._program("redis-server")
        with self.shell.beside("a Redis of its own", log_file, ALONE, self.folder, server):
            try:
                self._await(log_file)
                found = self._counted(wanted)
                if log:
                    self._log()
            finally:
                self._end()
        return found

    def _checked(self, path: str) -> dict[str, int]:
        """What a program made for that reads in it. It was killed, or was short of memory: nothing is said of it."""
        said = self.shell.run("redis-check-rdb", CHECKED, self._program("redis-check-rdb"), path)
        if "exit 1" in said and BROKEN in said and CRASHED not in said:
            raise Damaged(f"no Redis can read it: {said.strip()[-200:]}", "restore from another backup")
        return counted(said)

    def _ask(self, command: str) -> str:
        return self.shell.run("redis-cli", ASKED, self.folder, self._program("redis-cli"), command).strip()

    def _await(self, log: str) -> None:
        def ready() -> bool:
            if "ended" in self._state():
                said = self.shell.run("its log", 'tail -n 3 "$1"', log).strip()
                what = f"the Redis that read it ended, though redis-check-rdb could: {said}"
                raise FairleadError(what, "see whether memory is short, and try again")
            try:
                return _fields(self._ask("INFO persistence")).get("loading") == "0"
            except FairleadError:  # it is not up yet
                return False

        begun = wait_until(lambda: "none" not in self._state(), START, 0.02, 0.5)
        if not begun or not wait_until(ready, PATIENCE, 0.05, 1.0):
            said = self.shell.run("its log", 'tail -n 3 "$1"', log).strip()
            raise FairleadError(f"a Redis with what was restored is not up: {said}", "see whether memory is short")

    def _state(self) -> str:
        """Of the one with its number in `pid`: none, lives, ended."""
        return self.shell.run("a Redis of its own", STATE, self.folder)

    def _counted(self, wanted: Mapping[str, Any]) -> dict[str, int]:
        """What ended by itself since is no loss."""
        keys = keys_of(_fields(self._ask("INFO keyspace")))
        if not wanted["keys"] - wanted["expires"] <= keys <= wanted["keys"]:
            raise Damaged(f"{keys} keys were read, and {wanted['keys']} are in it", "restore from another backup")
        return {"keys": keys}

    def _log(self) -> None:
        """Have it write one, from the beginning."""
        said = self._ask("CONFIG SET appendonly yes")

        def written() -> bool:
            now = _fields(self._ask("INFO persistence"))
            busy = now["aof_rewrite_in_progress"] != "0" or now["aof_rewrite_scheduled"] != "0"
            if not busy and now["aof_last_bgrewrite_status"] != "ok":
                raise FairleadError("what was restored got no log", "is the disk full, or memory short?")
            return not busy and now["aof_enabled"] == "1"

        if said != "OK" or not wait_until(written, PATIENCE, 0.05, 2.0):
            raise FairleadError(f"what was restored got no log: {said}", "is the disk full, or memory short?")

    def _end(self) -> None:
        if "lives" not in self._state():
            return
        self.shell.run("redis-cli", f"({ASKED}) >/dev/null 2>&1 || true", self.folder, self._program("redis-cli"),
                       "SHUTDOWN NOSAVE")  # fmt: skip
        if not wait_until(lambda: "lives" not in self._state(), START, 0.02, 0.5):
            raise FairleadError("the Redis of what was restored does not end", "look at it: ps")

    def tidy(self) -> None:
        """Only data is left."""
        self.shell.run("what was restored", 'rm -f "$1/s" "$1/pid" "$1/log"', self.folder)

    def _program(self, name: str) -> str:
        return self.programs.get(name, name)
