"""pgBackRest beside a server: what it reads there, its stanza, and the server told to hand it the log."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.backups.destinations.table import S3_SCHEME
from fairlead.backups.engines.pgbackrest.config import ARCHIVE_TIMEOUT, FILE, Cluster
from fairlead.backups.engines.pgbackrest.program import Tool, prepared
from fairlead.backups.engines.pgbackrest.repository import Repository, new_passphrase, program_of
from fairlead.backups.logical import Recipients, server_facts
from fairlead.backups.physical import receiver
from fairlead.backups.server import Server, one, text
from fairlead.errors import Refused
from fairlead.masking import Secret
from fairlead.system.files import write_file
from fairlead.system.pipes import Who

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from fairlead.backups.server import Connection

SHARE = 4  #: one part in so many of the processors is pgBackRest's while a server is backed up
PASSPHRASE = "passphrase"  # noqa: S105 — the name of a file


@dataclass(frozen=True)
class Beside:
    """Of one store. `folder`: what pgBackRest reads, of the server's user; `own`: where Fairlead has the passphrase."""

    repository: Repository
    folder: Path
    own: Path
    who: Who | None

    def tool(self, system: str) -> Tool:
        """As it was prepared. Refused when it never was."""
        if not (self.folder / FILE).exists():
            raise Refused("pgBackRest was never set up here", "have the stores: fairlead stores apply ENV")
        return Tool(program_of(self.repository.ground()), self.folder, system, self.who)

    def have(self, server: Server, recipients: Recipients, keys: Callable[[], Sequence[Any]]) -> None:
        """All of it, however much there is already. The server runs, with `archive_mode` on.

        Refused when the passphrase is needed and no key opens it; FairleadError with what pgBackRest says.
        """
        passphrase = self._passphrase(keys)
        self.repository.seal(passphrase, recipients)
        with server.session(server.home) as connection:
            system = str(server_facts(connection)["system"])
            data = Path(str(one(connection, "SHOW data_directory")))
            if one(connection, "SHOW archive_mode") != "on":
                raise Refused("the server does not archive its log", "have it made anew: fairlead stores apply ENV")
            where = dict(server.parameters)
            cluster = Cluster(system, data, where["host"], where["port"], where["user"])
            self._have_folder()
            receiver.release(connection)
            tool = Tool(program_of(self.repository.ground()), self.folder, system, self.who)
            prepared(tool, self.repository.place(passphrase), cluster, max(1, (os.cpu_count() or 1) // SHARE))
            tool.run("pgbackrest stanza-create", "stanza-create")
            _archive(connection, f"{shlex.join(tool.words('archive-push')).replace('%', '%%')} %p")

    def _passphrase(self, keys: Callable[[], Sequence[Any]]) -> Secret:
        path = self.own / PASSPHRASE
        if path.exists():
            return Secret(path.read_text())
        found = self.repository.passphrase(keys()) if self.repository.sealed else new_passphrase()
        self.own.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, found.reveal(), 0o600)
        return found

    def _have_folder(self) -> None:
        """A repository that is a folder is of the server's user, who has to get there."""
        to = self.repository.target.to
        if to.startswith(S3_SCHEME):
            return
        path = Path(to)
        for name in ("", *Path(self.repository.prefix).parts):
            path /= name
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.who:
                path.chmod(0o711)
        path.chmod(0o700)
        if self.who:
            os.chown(path, self.who.uid, self.who.gid)


def _archive(connection: Connection, command: str) -> None:
    wanted = {"archive_command": command, "archive_timeout": str(ARCHIVE_TIMEOUT)}
    for name, value in wanted.items():
        if one(connection, "SELECT setting FROM pg_settings WHERE name = %s", name) != value:
            connection.execute(f"ALTER SYSTEM SET {name} = {text(value)}")
    connection.execute("SELECT pg_reload_conf()")


def release(connection: Connection) -> None:
    """Nobody takes its log any more."""
    for name in ("archive_command", "archive_timeout"):
        connection.execute(f"ALTER SYSTEM RESET {name}")
    connection.execute("SELECT pg_reload_conf()")
