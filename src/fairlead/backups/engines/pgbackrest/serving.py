"""pgBackRest beside a server: what it reads there, its stanza, and the server told to hand it the log."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.backups.engines.pgbackrest.config import ARCHIVE_TIMEOUT, FILE, INSIDE, Cluster
from fairlead.backups.engines.pgbackrest.program import Tool, prepared
from fairlead.backups.engines.pgbackrest.repository import Repository, new_passphrase, program_of
from fairlead.backups.logical import Recipients, server_facts
from fairlead.backups.physical import receiver
from fairlead.backups.physical.segments import require_usual
from fairlead.backups.server import Server, one, text
from fairlead.errors import Refused
from fairlead.masking import Secret
from fairlead.render.stores.ground import SOCKET
from fairlead.render.stores.postgres import SUPERUSER
from fairlead.system.files import write_file
from fairlead.system.pipes import Who

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from fairlead.backups.server import Connection
    from fairlead.engine.pipes import Inside

SHARE = 4  #: one part in so many of the processors is pgBackRest's while a server is backed up
PASSPHRASE = "passphrase"  # noqa: S105 — the name of a file


@dataclass(frozen=True)
class Beside:
    """Of one store. `folder`: what pgBackRest reads, of the server's user; `own`: where Fairlead has the passphrase.

    `inside`: the container of the server, where it is in one. pgBackRest runs there, and knows the folder as INSIDE.
    """

    repository: Repository
    folder: Path
    own: Path
    who: Who | None
    inside: Callable[[], Inside] | None = None

    def tool(self, system: str) -> Tool:
        """As it was prepared. Refused when it never was."""
        if not (self.folder / FILE).exists():
            raise Refused("pgBackRest was never set up here", "have the stores: fairlead stores apply ENV")
        return self._tool(system)

    def _tool(self, system: str) -> Tool:
        if self.inside:
            return Tool("pgbackrest", self.folder, system, inside=self.inside(), seen=Path(INSIDE))
        return Tool(program_of(self.repository.ground()), self.folder, system, self.who)

    def have(self, server: Server, recipients: Recipients, keys: Callable[[], Sequence[Any]]) -> None:
        """All of it, however much there is already. The server runs, with `archive_mode` on.

        Refused when the passphrase is needed and no key opens it; FairleadError with what pgBackRest says.
        """
        passphrase = self._passphrase(keys)
        self.repository.seal(passphrase, recipients)
        with server.session(server.home) as connection:
            require_usual(connection)
            system = str(server_facts(connection)["system"])
            data = Path(str(one(connection, "SHOW data_directory")))
            if one(connection, "SHOW archive_mode") != "on":
                raise Refused("the server does not archive its log", "have it made anew: fairlead stores apply ENV")
            self._have_folder()
            receiver.release(connection)
            tool, cluster = self._tool(system), self._cluster(server, system, data)
            prepared(tool, self.repository.place(passphrase), cluster, max(1, (os.cpu_count() or 1) // SHARE))
            tool.run("pgbackrest stanza-create", "stanza-create")
            _archive(connection, f"{shlex.join(tool.words('archive-push')).replace('%', '%%')} %p")

    def _cluster(self, server: Server, system: str, data: Path) -> Cluster:
        """As pgBackRest reaches it: in its container as whoever runs there, who needs no password."""
        where = dict(server.parameters)
        if self.inside:
            return Cluster(system, data, SOCKET, where["port"], SUPERUSER)
        return Cluster(system, data, where["host"], where["port"], where["user"])

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
        path = self.repository.folder
        if path is None:
            return
        have_folder(path, Path(self.repository.target.to), passable=bool(self.who))
        if (who := self._owner()) and (path.stat().st_uid, path.stat().st_gid) != (who.uid, who.gid):
            try:
                os.chown(path, who.uid, who.gid)
            except PermissionError:
                what = f"{path} has to belong to user {who.uid} of the container, and only root can give it away"
                raise Refused(what, "run fairlead as root, or use engine: builtin") from None

    def _owner(self) -> Who | None:
        """Whoever runs the server."""
        if self.inside is None:
            return self.who
        with self.inside().reading(("sh", "-c", "id -u; id -g"), "id") as out:
            uid, gid = out.read().split()
        return Who(int(uid), int(gid))


def have_folder(path: Path, top: Path, passable: bool) -> None:
    """A repository's. `passable`: another user gets to it, from `top` on."""
    for folder in (it for it in reversed((path, *path.parents)) if it.is_relative_to(top)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if passable:
            folder.chmod(0o711)
    path.chmod(0o700)


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
