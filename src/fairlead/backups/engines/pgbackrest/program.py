"""pgBackRest as a program: run as whoever runs PostgreSQL, told everything by a file that is that user's alone."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.backups.destinations.base import Gone, Unreachable
from fairlead.backups.engines.pgbackrest.config import FILE, Cluster, Place, text
from fairlead.backups.sealing import Damaged, Source
from fairlead.errors import FairleadError, Refused
from fairlead.system.commands import Command
from fairlead.system.files import write_file
from fairlead.system.pipes import Ended, Who, reading

if TYPE_CHECKING:
    from fairlead.engine.pipes import Inside

DAMAGED = {26, 29, 95}
"""Codes of pgBackRest's error.yaml: a checksum that differs, a format that is none, what cannot be decrypted."""
MISSING = {55}
NO_PROGRAM = {126, 127}  #: of a container's engine
OTHER = 99  #: what `info` says of a repository that it cannot make sense of, or not get to
NO_SENSE = ("ChecksumError", "CryptoError", "FileInvalidError", "FormatError", "JsonFormatError")
"""Errors by their names, of what was read. All others are of the way there."""


@dataclass(frozen=True)
class Tool:
    """Of one cluster's stanza."""

    program: str
    folder: Path  #: of its file
    system: str
    who: Who | None = None
    inside: Inside | None = None  #: the container that it runs in
    seen: Path | None = None  #: what that calls the folder, where it is another name; whoever it is may write there

    @property
    def config(self) -> Path:
        """Its file."""
        return self.folder / FILE

    @property
    def own(self) -> Path:
        """The folder as the program knows it."""
        return self.seen or self.folder

    def words(self, *more: str) -> tuple[str, ...]:
        """The whole command."""
        return (self.program, f"--config={self.own / FILE}", f"--stanza={self.system}", *more)

    @contextlib.contextmanager
    def reading(self, what: str, *more: str) -> Iterator[Source]:
        """What it writes. Damaged and Gone by the code that it ends with, Refused where there is none; else
        FairleadError."""
        try:
            with self._begun(what, *more) as out:
                yield out
        except Ended as error:
            if self.inside and error.code in NO_PROGRAM:
                raise without(f"container {self.inside.name}") from error
            raise _explained(error) from error

    def _begun(self, what: str, *more: str) -> contextlib.AbstractContextManager[Source]:
        env = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if self.inside:
            return replace(self.inside, env=env).reading(self.words(*more), what)
        env["PATH"] = os.environ.get("PATH", "")
        return reading(Command(self.words(*more), cwd=Path("/"), env=env), what, self.who)

    def run(self, what: str, *more: str) -> str:
        """The same, whole."""
        with self.reading(what, *more) as out:
            return out.read().decode(errors="replace")

    def info(self) -> dict[str, Any]:
        """What it knows of the stanza: `backup`, `db`, `archive`, each a list. Unreachable; Damaged, with another
        passphrase say."""
        found: list[dict[str, Any]] = json.loads(self.run("pgbackrest info", "info", "--output=json"))
        mine = next((one for one in found if one["name"] == self.system), None)
        status: dict[str, Any] = mine["repo"][0]["status"] if mine and mine.get("repo") else {}
        if status.get("code") == OTHER:
            raise unread(str(status["message"]))
        return mine or {"backup": [], "db": [], "archive": []}


def _explained(error: Ended) -> FairleadError:
    if error.code in DAMAGED | MISSING:
        kind, how = (Damaged, "damaged") if error.code in DAMAGED else (Gone, "gone")
        return kind(
            f"something in the repository is {how}: {error.message}", "restore from another: fairlead backup list"
        )
    return FairleadError(error.message, "this is what pgBackRest says; see whether where it writes can be reached")


def unread(message: str) -> FairleadError:
    """Of what `info` says of a repository: `[HostConnectError] unable to connect to …`. Pure."""
    said = message.splitlines()[0][:200] if message else "nobody knows why"
    if any(said.startswith(f"[{name}]") for name in NO_SENSE):
        return Damaged(f"the repository cannot be read: {said}", "see whether somebody else wrote to it")
    return Unreachable(f"the repository cannot be reached: {said}", "see whether its place is there, and try again")


def without(what: str) -> Refused:
    """The refusal of an image that has none."""
    hint = "use an image that has it (FROM postgres:17, RUN apt-get install pgbackrest), or engine: builtin"
    return Refused(f"pgbackrest is not in {what}, and the server there hands its log to it", hint)


def prepared(tool: Tool, place: Place, cluster: Cluster, processes: int = 1) -> Tool:
    """The same, with its file there and its user's alone.

    Whom a container has it run as this machine does not know: there the folder is open, in a place that is private.
    """
    tool.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = tool.config
    write_file(path, text(place, cluster, tool.own, processes), 0o644 if tool.seen else 0o600)
    if tool.seen:
        tool.folder.chmod(0o777)
    if tool.who:
        for one in (tool.folder, path):
            os.chown(one, tool.who.uid, tool.who.gid)
    return tool
