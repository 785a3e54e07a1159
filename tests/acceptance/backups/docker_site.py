"""The same as `backup_site`, of stores in containers."""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.docker_engine import DockerEngine, images, unique
from tests.warm import fairlead

FAIRLEAD = str(Path(sys.executable).with_name("fairlead"))
FILE = """\
name: {name}
services:
  web: {{image: "{app}", pull_policy: never, command: sleep infinity, uses: [db.shop]}}
stores:
  db:
    kind: postgres
    image: "{postgres}"
    databases: {{shop: {{used_by: {{web: rw}}, checks: [select count(*) from orders]}}}}
    backup: {{logical: daily, to: {to}}}
    drill: {{every: 7d, rto: 1h}}
environments:
  local: {{runtime: docker}}
"""


class DockerSite:
    """One."""

    def __init__(self, text=FILE):
        self.root, self.name, self.docker = (
            Path(tempfile.mkdtemp(prefix="fl-backup-")),
            unique("backup"),
            DockerEngine(),
        )
        self.backups = self.root / "backups"
        (self.root / "fairlead.yaml").write_text(text.format(name=self.name, to=self.backups, **images()))
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITHUB", "AWS"))}
        self.env |= {"FAIRLEAD_HOME": str(self.root / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(self.root)}

    def run(self, *words, code=0):
        """A command; what it said. Its exit code is `code`."""
        done = fairlead.run([FAIRLEAD, *words], cwd=self.root, env=self.env)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == code, said
        return said

    def json(self, *words, code=0):
        """The same, as it is for machines."""
        done = fairlead.run([FAIRLEAD, *words, "--json"], cwd=self.root, env=self.env)
        assert done.returncode == code, (done.stdout + done.stderr).decode()
        return json.loads(done.stdout)

    def sql(self, statement, database="shop"):
        """What psql answers, inside."""
        asked = ("exec", f"{self.name}-local-db", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database)
        return self.docker(*asked, "-c", statement).stdout.strip()

    def redis(self, *words):
        """What redis-cli answers, inside."""
        file = next((self.root / "home").glob("*/local/stores/cache/conf/ask"))
        secret = file.read_text().split('"')[1]
        asked = ("exec", "-e", f"REDISCLI_AUTH={secret}", f"{self.name}-local-cache", "redis-cli", "--raw", *words)
        return self.docker(*asked).stdout.strip()

    def copies(self):
        """What drills left."""
        return self.docker.lines(
            "ps", "-aq", "--filter", f"label=dev.fairlead.project={self.name}",
            "--filter", "label=dev.fairlead.kind=helper",
        )  # fmt: skip

    def close(self):
        """Gone."""
        fairlead.run([FAIRLEAD, "stop", "local"], cwd=self.root, env=self.env)
        self.docker.remove(self.name)
        shutil.rmtree(self.root, ignore_errors=True)
