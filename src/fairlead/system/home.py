"""Where Fairlead keeps its state: `$FAIRLEAD_HOME` (root: /var/lib/fairlead, else the XDG state folder).

HOME/ports/PORT                         taken ports of the whole machine
HOME/home.id                            drawn once: a copy of the home is known by it
HOME/PROJECT/artifacts/                 what was built, shared by the project's environments
HOME/PROJECT/ENV/ledger.db              everything that happened
HOME/PROJECT/ENV/lock                   held by whoever changes the environment
HOME/PROJECT/ENV/releases/ID.json       releases, and ID.copy, a copy of each
HOME/PROJECT/ENV/instances/ID/          one running copy: spec.json, starts, verified, log
HOME/PROJECT/ENV/supervisor/            supervisord: its configuration, programs, socket
HOME/PROJECT/ENV/edge/                  Traefik: static file, dynamic folder, logs
HOME/PROJECT/ENV/notify/                who is told of what (readable by this user alone), what was sent
HOME/PROJECT/ENV/secrets/ID/SERVICE/    what a service of a release reads of secrets (readable by this user alone)
HOME/PROJECT/ENV/registry.json          who we are to the project's registry (readable by this user alone)
HOME/PROJECT/ENV/stores/NAME/           a store: how it was made, what it reads, what it keeps
HOME/PROJECT/ENV/backups/               what backups need while nobody is there (readable by this user alone)
HOME/PROJECT/ENV/files/ID/              what was made of templates for a release, read-only
HOME/PROJECT/ca/                        the project's certificate authority; its key is readable by this user alone
HOME/PROJECT/ENV/remote/                what came over SSH: checkouts, and operations with what they said
HOME/PROJECT/fingerprint.key            makes versions of secrets (readable by this user alone)
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import FairleadError
from fairlead.system.files import sweep_temporary

SHORT = Path("/tmp")  # noqa: S108 — a private folder in it; $TMPDIR may be long, and differ between two commands
KEPT_BY_OTHERS = (
    "data",
    "remote",
    "copies",
)  #: what folders of a place are called in which files are not written one by one
LONGEST_SOCKET_PATH = 100  # sun_path has 104 bytes on macOS, 108 on Linux; supervisord adds a suffix while it binds


def home() -> Path:
    """The root of all state on this machine, for this user. FairleadError where there can be none."""
    given = os.environ.get("FAIRLEAD_HOME")
    try:
        return Path(given).expanduser().absolute() if given else usual_home()
    except RuntimeError as error:  # a user without a name, and without HOME
        raise FairleadError("this user has no home folder", "set FAIRLEAD_HOME to a folder you may write") from error


def usual_home() -> Path:
    """The same, where nobody says another."""
    if os.geteuid() == 0:
        return Path("/var/lib/fairlead")
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "fairlead"


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one environment."""

    root: Path  #: HOME/PROJECT/ENV

    @classmethod
    def of(cls, project: str, environment: str) -> Place:
        """The place of that environment in this user's home."""
        return cls(home() / project / environment)

    @property
    def project(self) -> str:
        """The project's name."""
        return self.root.parent.name

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.root.name

    @property
    def ports(self) -> Path:
        """Shared by every environment of the home."""
        return self.root.parent.parent / "ports"

    @property
    def artifacts(self) -> Path:
        """Shared by the environments of the project."""
        return self.root.parent / "artifacts"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.db"

    @property
    def runtime(self) -> Path:
        """The name of the runtime it was last deployed with: known before anything is live."""
        return self.root / "runtime"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def instances(self) -> Path:
        return self.root / "instances"

    @property
    def supervisor(self) -> Path:
        return self.root / "supervisor"

    @property
    def edge(self) -> Path:
        return self.root / "edge"

    @property
    def notify(self) -> Path:
        """Made when there is somebody to tell."""
        return self.root / "notify"

    @property
    def secrets(self) -> Path:
        """Made when a service reads a secret."""
        return self.root / "secrets"

    @property
    def registry(self) -> Path:
        """Made when the project says who logs in to its registry."""
        return self.root / "registry.json"

    @property
    def files(self) -> Path:
        """Made when there is a template."""
        return self.root / "files"

    @property
    def migrations(self) -> Path:
        """Made when files move a schema: what releases were deployed with."""
        return self.root / "migrations"

    @property
    def remote(self) -> Path:
        """What came over SSH: checkouts, and what is done for others. Made when somebody comes."""
        return self.root / "remote"

    @property
    def stores(self) -> Path:
        """Made when Fairlead runs a store."""
        return self.root / "stores"

    @property
    def backups(self) -> Path:
        """Made when a store has backups."""
        return self.root / "backups"

    @property
    def reserve(self) -> Path:
        """A file that is given up when the disk is full, so that undoing can still be written down."""
        return self.root / "reserve"

    def exists(self) -> bool:
        """Whether anything was ever deployed here."""
        return self.ledger.exists()

    def create(self) -> None:
        """Make the folders, readable by this user alone."""
        try:
            for folder in (self.releases, self.instances, self.supervisor, self.edge, self.artifacts, self.ports):
                folder.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)
            self.root.parent.chmod(0o700)  # what was built may hold what only this user should read
        except OSError as error:
            hint = "set FAIRLEAD_HOME to a folder you may write"
            raise FairleadError(f"{self.root}: cannot be created: {error.strerror}", hint) from error

    def socket(self) -> Path:
        """supervisord's socket; in a short private folder when the home's path is too long for the kernel."""
        path = self.supervisor / "sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        return short_folder() / f"{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.sock"

    def sweep(self) -> None:
        """Remove the halves of files that killed processes left. Not in what stores keep, nor in what others bring."""
        sweep_temporary(self.root, KEPT_BY_OTHERS)

    def fill_reserve(self, size: int = 4 << 20) -> None:
        """Have the reserve on disk; a disk too full for it is the doctor's finding, not an error here."""
        if self.reserve.exists() and self.reserve.stat().st_size == size:
            return
        try:
            with open(self.reserve, "wb") as file:
                file.write(b"\0" * size)
        except OSError:
            self.reserve.unlink(missing_ok=True)

    def free_reserve(self) -> bool:
        """Give the reserve's space back; False when there was none left."""
        if not self.reserve.exists():
            return False
        self.reserve.unlink(missing_ok=True)
        return True


def short_folder() -> Path:
    """A folder of this user alone whose path is short enough for sockets. FairleadError when it is another's."""
    folder = SHORT / f"fairlead-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
        raise FairleadError(f"{folder} is not a folder of this user alone", "set FAIRLEAD_HOME to a shorter path")
    return folder


def near(folder: Path, name: str) -> Path:
    """A path to `folder` in which a socket called `name` can be reached: itself, or a short link to it."""
    if len(os.fsencode(folder / name)) <= LONGEST_SOCKET_PATH:
        return folder
    link = short_folder() / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    if not link.is_symlink() or link.readlink() != folder:
        link.unlink(missing_ok=True)
        link.symlink_to(folder)
    return link
