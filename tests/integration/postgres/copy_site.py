"""Where copies of databases are made in tests, and the live server as a copy sees it."""

import os
import pwd
import shutil
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from fairlead.backups.scratch import Ground, cluster, room, started
from fairlead.backups.server import at_url
from fairlead.masking import Secret
from fairlead.operations.trials.copies import copied, here, of_live
from fairlead.stores import programs
from fairlead.system.pipes import Who

NAMES = ("initdb", "postgres", "pg_dump", "pg_dumpall", "pg_restore")


@contextmanager
def live(site):
    """The server of a site, with the programs that read it."""
    with at_url(Secret(site.url), {name: programs.find(name) for name in NAMES}) as server:
        yield server


@contextmanager
def ground():
    """Where servers of a moment are; nothing is left of them."""
    folder = Path(tempfile.mkdtemp(prefix="fl-copy-"))
    owner = programs.unprivileged()
    folder.chmod(0o711)
    users = (pwd.getpwuid(os.geteuid()).pw_name, *([owner.name] if owner else []))
    who = Who(owner.uid, owner.gid) if owner else None
    try:
        yield Ground(folder, {name: programs.find(name) for name in NAMES}, who, users)
        assert list(folder.iterdir()) == []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def copy_of(site):
    """A copy of its database, in a server of its own."""
    with ground() as where, live(site) as server:
        with copied(site.database, of_live(server, partial(here, where, "db"), site.name)) as copy:
            yield copy


@contextmanager
def server_of_a_moment(**settings):
    """An empty one with these settings."""
    with ground() as where, room(where, "a") as path:
        with started(where, path, cluster(where, path), settings) as server:
            yield server
