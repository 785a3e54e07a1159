"""What pgBackRest reads. Pure.

Each cluster has a stanza called by PostgreSQL's own number of it, so that another one, of the same name, never mixes
with it. The passphrase is in the file, since the server's `archive_command` needs it: so nobody but the server's user
may read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fairlead.backups.destinations.table import S3_SCHEME, Target
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret

FILE = "pgbackrest.conf"
FOR_EVER = 9_999_999
"""How many copies and how much of the log pgBackRest keeps by itself: we say what goes."""
INSIDE, REPOSITORY = "/run/fairlead/pgbackrest", "/run/fairlead/repository"
"""Where a container has the folder of this file, and a repository that is a folder."""
ARCHIVE_TIMEOUT = 60  #: seconds after which a segment is carried away, full or not: at most so much is lost


@dataclass(frozen=True, slots=True)
class Cluster:
    """Of which server, as it is called here. `socket`: the folder of it; empty: it does not run."""

    system: str
    data: Path
    socket: str = ""
    port: str = ""
    user: str = "postgres"


@dataclass(frozen=True)
class Place:
    """Where a repository is, and what opens it."""

    target: Target
    prefix: str  #: below the destination
    passphrase: Secret = field(repr=False)
    seen: str = ""  #: what a container calls the folder that it is

    def lines(self) -> list[tuple[str, str]]:
        """Of the file. Refused for an S3 that pgBackRest does not speak to."""
        own = [("repo1-cipher-type", "aes-256-cbc"), ("repo1-cipher-pass", self.passphrase.reveal())]
        return (
            self._s3() if self.target.to.startswith(S3_SCHEME) else [("repo1-path", self.seen or self.folder)]
        ) + own

    @property
    def folder(self) -> str:
        """Of a repository that is a folder of this machine."""
        return f"{self.target.to.rstrip('/')}/{self.prefix}"

    def _s3(self) -> list[tuple[str, str]]:
        target = self.target
        bucket, _, before = target.to.removeprefix(S3_SCHEME).strip("/").partition("/")
        found = [
            ("repo1-type", "s3"), ("repo1-path", "/" + f"{before}/{self.prefix}".strip("/")),
            ("repo1-s3-bucket", bucket), ("repo1-s3-region", target.region), *_endpoint(target),
        ]  # fmt: skip
        if target.access and target.secret:
            found += [("repo1-s3-key", target.access.reveal()), ("repo1-s3-key-secret", target.secret.reveal())]
        else:
            found.append(("repo1-s3-key-type", "auto"))
        return found + ([("repo1-storage-ca-file", target.ca)] if target.ca else [])


def _endpoint(target: Target) -> list[tuple[str, str]]:
    if not target.endpoint:
        return [("repo1-s3-endpoint", f"s3.{target.region}.amazonaws.com")]
    parts = urlsplit(target.endpoint)
    if parts.scheme != "https" or not parts.hostname:
        raise Refused(
            f"pgBackRest speaks to an S3 by https alone, and this is {target.endpoint}", "use engine: builtin"
        )
    port = [("repo1-storage-port", str(parts.port))] if parts.port else []
    return [("repo1-s3-endpoint", parts.hostname), ("repo1-s3-uri-style", "path"), *port]


def text(place: Place, cluster: Cluster, own: Path, processes: int = 1) -> str:
    """The whole file; what it writes for itself lies below `own`. FairleadError for a value that no line can hold."""
    kept = [
        *place.lines(), ("repo1-bundle", "y"), ("repo1-retention-full", str(FOR_EVER)),
        ("repo1-retention-archive", str(FOR_EVER)), ("compress-type", "gz"), ("compress-level", "1"),
        ("process-max", str(processes)), ("start-fast", "y"), ("archive-copy", "y"), ("log-level-console", "off"),
        ("log-level-file", "off"), ("log-level-stderr", "error"), ("lock-path", str(own / "lock")),
        ("spool-path", str(own / "spool")), ("job-retry", "1"),
    ]  # fmt: skip
    mine = [("pg1-path", str(cluster.data))]
    if cluster.socket:
        mine += [("pg1-socket-path", cluster.socket), ("pg1-port", cluster.port), ("pg1-user", cluster.user)]
    if any(any(sign in value for sign in "\r\n\0") for _, value in [*kept, *mine]):
        raise FairleadError("a value of the backup has a line end in it, which no file of settings can hold")
    return f"[global]\n{_shown(kept)}\n[{cluster.system}]\n{_shown(mine)}"


def _shown(lines: list[tuple[str, str]]) -> str:
    return "".join(f"{name}={value}\n" for name, value in lines)
