"""A project with a PostgreSQL that has backups, in a home of its own, and what tests do with it."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import psycopg
import pyrage
from tests.warm import fairlead

ROOT = Path(__file__).parent.parent.parent.parent
FILE = """
name: shop
services:
  web: {{command: sleep infinity, source: .}}
{secrets}
stores:
  db:
    kind: postgres
    databases:
      shop:
        checks: ["select count(*) from orders"]
      reports: {{}}
    backup:
      logical: daily
      keep: {{daily: 2, weekly: 0, monthly: 0}}
      to: {to}
      {more}
    drill: {{every: 7d, rto: 1h, rpo: 1h}}
{deploy}
environments:
  local: {{}}
  other: {{}}
"""
TABLES = """
CREATE ROLE keeper; CREATE ROLE clerk LOGIN PASSWORD 'clerk-9-phrase' IN ROLE keeper; GRANT CONNECT ON DATABASE shop TO clerk;
ALTER DATABASE shop SET statement_timeout = '77s';
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL);
ALTER TABLE orders OWNER TO shop;
GRANT SELECT ON orders TO clerk;
INSERT INTO orders (what) SELECT 'order ' || n FROM generate_series(1, 500) n;
CREATE TABLE twice (n int); INSERT INTO twice VALUES (1), (1); CREATE SEQUENCE spare;
SELECT lo_from_bytea(7001, 'large'); CREATE MATERIALIZED VIEW latest AS SELECT max(n) AS n FROM twice;
CREATE TABLE granted (n int); GRANT SELECT ON granted TO clerk; REVOKE SELECT ON granted FROM clerk;
ALTER ROLE clerk SET "app.note" TO E'first\\n\\\\! false; CREATE ROLE thief';
ALTER DATABASE shop SET search_path = "$user", public;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON orders FOR SELECT TO clerk USING (id % 2 = 0);
"""  # noqa: E501
FAIRLEAD = str(Path(sys.executable).with_name("fairlead"))


class Site:
    """One."""

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="fl-backup-"))
        self.root.chmod(0o711)
        (self.root / "home").mkdir(mode=0o711)
        self.identity = pyrage.x25519.Identity.generate()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITHUB", "AWS"))}
        self.env |= {
            "FAIRLEAD_HOME": str(self.root / "home"), "HOME": str(self.root), "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "SOPS_AGE_KEY": str(self.identity),
        }  # fmt: skip
        self.backups = self.root / "backups"
        self.write()

    def write(self, to=None, more="", secrets="", deploy=""):
        """The project file."""
        text = FILE.format(to=to or self.backups, more=more, secrets=secrets, deploy=deploy)
        (self.root / "fairlead.yaml").write_text(text)

    def run(self, *words, code=0, stdin=b"", **env):
        """A command; what it said. Its exit code is `code`."""
        done = fairlead.run([FAIRLEAD, *words], cwd=self.root, env=self.env | env, stdin=stdin)
        said = (done.stdout + done.stderr).decode()
        assert code is None or done.returncode == code, said
        return said

    def json(self, *words, code=0, **env):
        """The same, as it is for machines."""
        done = fairlead.run([FAIRLEAD, *words, "--json"], cwd=self.root, env=self.env | env)
        assert code is None or done.returncode == code, (done.stdout + done.stderr).decode()
        return json.loads(done.stdout)

    def apply(self):
        """Have the stores."""
        self.run("secrets", "init", "local")
        self.run("stores", "apply", "local", "--yes")

    def connect(self, database="shop"):
        """As the superuser, over the socket."""
        folder = next((self.root / "home").glob("**/data/postmaster.pid")).parent
        lines = (folder / "postmaster.pid").read_text().splitlines()
        return psycopg.connect(host=str(folder), port=int(lines[3]), user="postgres", dbname=database, autocommit=True)

    def sql(self, statement, database="shop"):
        """Rows."""
        with contextlib.closing(self.connect(database)) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def ids(self):
        """Of the backups, the newest first."""
        return [one["id"] for one in self.json("backup", "list", "local")["stores"][0]["backups"]]

    def part(self, name, id=None):
        """The file of a part of a backup."""
        return next(self.backups.glob(f"shop/local/db/{id or '*'}/{name}"))

    def close(self):
        """Gone."""
        self.run("stop", "local", code=None)
        shutil.rmtree(self.root, ignore_errors=True)
