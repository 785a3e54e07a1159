"""A project on a laptop, and a server of its own beside it: a real sshd, and another home of Fairlead behind it."""

import contextlib
import getpass
import json
import sqlite3

from cli_site import FAIRLEAD, Site
from tests.sshd import Sshd
from tests.warm import as_text, fairlead

from fairlead.system.clock import wait_until


class RemoteSite(Site):
    """`home` is the laptop's, `there` the server's.

    `forks`: on the server too a command is a process that forks (`tests.warm`), so not where sessions are cut.
    """

    def __init__(self, root, path=f"{FAIRLEAD.parent}:/usr/bin:/bin", more=None, forks=False):
        self.sshd, self.forking = None, fairlead.on_path(path)
        super().__init__(root)
        self.there, user = root / "there", root / "user"
        self.there.mkdir()
        user.mkdir()
        session = {"FAIRLEAD_HOME": str(self.there), "HOME": str(user), "PATH": self.forking if forks else path}
        self.sshd = Sshd(root / "sshd", session | (more or {}))
        self.env |= {"FAIRLEAD_SSH": str(self.sshd.client())}
        self.write()

    @property
    def address(self):
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.sshd.port}"

    def write(self, *arguments, **how):
        super().write(*arguments, **how)
        if self.sshd:
            self.edit("runtime: process, edge", f"runtime: process, host: '{self.address}', edge")

    def edit(self, old, new):
        path = self.folder / "fairlead.yaml"
        path.write_text(path.read_text().replace(old, new))

    def on_host(self, *arguments):
        """A command that somebody gives on the server itself, with the file as it is there."""
        path = self.root / "host.yaml"
        text = (self.folder / "fairlead.yaml").read_text()
        path.write_text(text.replace(f"host: '{self.address}', ", ""))
        env = self.env | {"FAIRLEAD_HOME": str(self.there)}
        return as_text(fairlead.run([FAIRLEAD, *arguments, "--file", str(path)], cwd=self.root, env=env))

    def ledger(self, environment="local"):
        done = self.on_host("ledger", "show", environment, "--limit", "1000", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["entries"]

    def close(self):
        try:
            for environment in ("local", "next"):
                if (self.there / "shop" / environment / "ledger.db").exists():
                    self.write()
                    done = self.on_host("stop", environment, "--yes", "--wait", "60")
                    assert done.returncode == 0, done.stderr
        finally:
            self.sshd.close()


def await_events(site, kind, count, environment="local", project="shop"):
    """Until the ledger on the host has so many entries of a kind."""
    path = site.there / project / environment / "ledger.db"

    def there():
        if not path.exists():
            return False
        try:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
                found = ledger.execute("select count(*) from entries where kind = ?", (kind,)).fetchone()
        except sqlite3.OperationalError:
            return False
        return found[0] >= count

    assert wait_until(there, 180, 0.02)
