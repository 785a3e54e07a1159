"""Where the programs of stores are on this machine, and who may run them."""

from __future__ import annotations

import os
import pwd
import shutil
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from fairlead.errors import Refused
from fairlead.stores.folder import Owner

DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps PostgreSQL's programs off the PATH, one folder for each version."""
CLIENT = ("pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup", "pg_receivewal", "pg_verifybackup", "pg_amcheck")
SERVER = ("initdb", "psql", "pg_isready", "pg_checksums", "pg_combinebackup", "pg_controldata", *CLIENT)
"""All of one version, that of the server."""
PACKAGES = {
    "postgres": "apt install postgresql", "initdb": "apt install postgresql", "psql": "apt install postgresql-client",
    "pg_controldata": "apt install postgresql",
    "pg_isready": "apt install postgresql-client", "redis-server": "apt install redis-server",
    **dict.fromkeys(CLIENT, "apt install postgresql-client"),
    "redis-cli": "apt install redis-tools", "pgbackrest": "apt install pgbackrest",
    "rclone": "pip install 'fairlead[s3]'",
}  # fmt: skip
SHELL = "/bin/sh"  #: by its path: a user that cannot read the interpreter's folders cannot look for it
UNPRIVILEGED = ("postgres", "nobody")
"""Who runs PostgreSQL, which refuses root, when Fairlead is root: the first that there is."""


def find(name: str, major: str = "") -> str | None:
    """Its path; None when it is not there. All of PostgreSQL's are of one version: that `major` where Debian has it,
    as data that is there can be read by no other; else the newest."""
    if major and name in ("postgres", *SERVER) and (own := DEBIAN / major / "bin" / name).exists():
        return str(own)
    beside = Path(sysconfig.get_path("scripts")) / name
    if beside.exists():
        return str(beside)
    found = shutil.which("postgres" if name in SERVER else name)
    if found and Path(found).with_name(name).exists():
        return str(Path(found).with_name(name))
    there = DEBIAN.glob(f"*/bin/{name}")
    newest = sorted(there, key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    return str(newest[-1]) if newest else shutil.which(name)


def missing(names: Iterable[str], major: str = "") -> tuple[str, ...]:
    """Those of them that are not there."""
    return tuple(name for name in names if find(name, major) is None)


def require(names: Iterable[str], what: str, major: str = "") -> dict[str, str]:
    """Their paths, by name. Refused, saying what to install, when one is missing."""
    wanted = tuple(names)
    if lacking := missing(wanted, major):
        how = "; ".join(dict.fromkeys(PACKAGES[name] for name in lacking))
        raise Refused(f"{what} needs {', '.join(lacking)}, which this machine has not", how)
    return {name: str(find(name, major)) for name in wanted}


def unprivileged() -> Owner | None:
    """Who runs what refuses root; None when Fairlead is not root, and runs it itself."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            one = pwd.getpwnam(name)
        except KeyError:
            continue
        return Owner(name, one.pw_uid, one.pw_gid)
    raise Refused("PostgreSQL refuses to run as root, and this machine has no user postgres or nobody", "add one")


def require_passage(folder: Path, owner: Owner) -> None:
    """Refused when this user cannot get into the folder, because one above it is closed."""
    for path in reversed(folder.parents):
        if path.exists() and not _open(path, owner):
            what = f"PostgreSQL refuses to run as root, and user {owner.name} cannot pass through {path}"
            raise Refused(what, "set FAIRLEAD_HOME to a folder that others may pass through, or run fairlead as a user")


def _open(path: Path, owner: Owner) -> bool:
    facts = path.stat()
    if facts.st_uid == owner.uid:
        return bool(facts.st_mode & 0o100)
    return bool(facts.st_mode & (0o010 if facts.st_gid == owner.gid else 0o001))
