"""An arena whose deployments move the schema of a real PostgreSQL, into which somebody writes all the time."""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

import httpx
import psycopg

from fairlead.ledger import Ledger, verify
from fairlead.operations.db.chosen import chosen
from fairlead.operations.db.validate import validate
from fairlead.operations.trials.prove import prove
from fairlead.project.loader import load_project
from fairlead.rollout.journal import CLOSED
from fairlead.system.clock import wait_until
from tests.crash.arena import Arena
from tests.crash.beside import Beside
from tests.postgres_server import MIGRATORS, superuser

PROJECT = """\
name: {name}
services:
  web:
    {what}
    command: {command}
    port: 8000
    health: {{ready: /health, interval: 50ms, successes: 2, deadline: 60s}}
    routes: ["/"]
    env: {{VERSION: "{version}"}}
    stop: {{drain: 1s, grace: 5s}}
environments:
  local: {{runtime: {runtime}, edge: {{http: {port}, address: 127.0.0.1}}}}
smoke: [{{path: {smoke}, status: 200}}]
rollout: {{keep: 2, rollback_window: 1s}}
stores:
  db: {{kind: postgres, STORE databases: {{shop: {{migrations: db/shop, migrate: {{rehearse: REHEARSE}}}}}}}}
secret_backend:
  kind: exec
  get: COMMAND get {{{{name}}}}
  set: COMMAND set {{{{name}}}}
"""
SERVING = """\
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(500 if self.path == "/fail" else 200)
        self.send_header("X-App", "serving")
        self.send_header("X-Version", os.environ["VERSION"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""

KEEPING = """\
import pathlib, sys
file = pathlib.Path(__file__).parent / sys.argv[2]
if sys.argv[1] == "set":
    file.write_text(sys.stdin.read())
elif file.exists():
    print(file.read_text(), end="")
"""

EXPAND = "CREATE TABLE extra (id bigint);\nINSERT INTO extra VALUES (1);\nALTER TABLE rows ADD COLUMN note text;\n"
INDEX = "CREATE INDEX CONCURRENTLY rows_id ON rows (id);\n"
LABEL = "CREATE TABLE label (x int);\n"
BACK = {
    "expand": "ALTER TABLE rows DROP COLUMN note;\nDROP TABLE extra;\n",
    "index": "DROP INDEX CONCURRENTLY rows_id;\n",
    "label": "DROP TABLE label;\n",
}
VIEW = "CREATE OR REPLACE VIEW latest AS SELECT id FROM rows; -- {}\n"
TIDY = (
    "DROP INDEX IF EXISTS rows_id;\nDROP TABLE IF EXISTS extra, label;\nALTER TABLE rows DROP COLUMN IF EXISTS note;\n"
)


class Writer(Beside):
    """Inserts one row after the other, each known by its number, and remembers which were acknowledged."""

    def __init__(self, arena):
        super().__init__(arena)
        self.number, self.acknowledged = 0, set()

    def work(self):
        while not self.over.is_set():
            with contextlib.suppress(psycopg.Error, OSError), self.arena.session() as connection:
                while not self.over.wait(0.02):
                    self.number += 1
                    connection.execute("INSERT INTO rows (id) VALUES (%s)", (self.number,))
                    self.acknowledged.add(self.number)
            self.over.wait(0.1)

    def check(self):
        """Every row that was acknowledged is there once; none that nobody wrote."""
        acknowledged = set(self.acknowledged)  # first: more come meanwhile
        found = [number for (number,) in self.arena.ask("SELECT id FROM rows")]
        assert len(found) == len(set(found))
        assert acknowledged <= set(found), acknowledged - set(found)
        assert set(found) <= set(range(1, self.number + 1))


class SchemaArena(Arena):
    """Its files of migrations are always the same, but for their versions: so what is proven of them stays so.

    Its server is a program of Fairlead's here; `schema_elsewhere` has others.
    """

    services = ("web",)
    stores = frozenset({"store.db"})
    serving = f"{sys.executable} -I serving.py 127.0.0.1 ${{PORT}}"
    store = ""  #: what more its declaration says
    rehearse = "never"

    def __init__(self, name="arena", runtime="process"):
        self.root = Path(tempfile.mkdtemp(prefix="fl-schema-"))
        self.root.chmod(0o711)  # PostgreSQL runs as another user where we are root
        (self.root / "home").mkdir(mode=0o711)
        self.last = 1  #: the newest version of a migration
        (self.root / "db" / "shop").mkdir(parents=True)
        self.file("V1__rows", "CREATE TABLE rows (id bigint);\n")
        self.file("R__view", VIEW.format(self.last))
        (self.root / "keeping").mkdir()
        (self.root / "keeping" / "keeping.py").write_text(KEEPING)
        keeping = f"{sys.executable} -I {self.root / 'keeping' / 'keeping.py'}"
        serving = self.serving.replace("{", "{{").replace("}", "}}")
        named = {"COMMAND": keeping, "STORE": self.store, "REHEARSE": self.rehearse, "{command}": serving}
        self.project = PROJECT
        for there, text in named.items():
            self.project = self.project.replace(there, text)
        super().__init__(self.root, name=name, runtime=runtime)
        (self.root / "app" / "serving.py").write_text(SERVING)

    def file(self, name, text):
        (self.root / "db" / "shop" / f"{name}.sql").write_text(text)

    def expand(self, again=False):
        """A deployment's worth of files; `again`: with one that runs again, which nobody takes back."""
        for label, text in (("expand", EXPAND), ("index", INDEX), ("label", LABEL)):
            self.last += 1
            self.file(f"V{self.last}__{label}", text)
            self.file(f"U{self.last}__{label}", BACK[label])
        if again:
            self.file("R__view", VIEW.format(self.last))

    def tidy(self):
        """The schema as it was before all that, by the next deployment."""
        self.last += 1
        self.file(f"V{self.last}__tidy", TIDY)

    @property
    def data(self):
        """The folder of the server, wherever it is for whom it runs as."""
        return next(path for path in self.home.glob("**/data") if path.parent.name.endswith(("db", ".db")))

    def session(self):
        """A connection to the database."""
        return superuser(self.data, "shop")

    def target(self):
        """What a deployer has to know to cut the connections of a server, or to end it."""
        with self.session() as connection:
            return {"SERVER": connection.info.dsn, "DATA": str(self.data)}

    def ready(self):
        """Deployed, and what is proven of the files that come next is in the ledger."""
        self.deployed()
        self.environment |= self.target()
        self.expand()
        project = load_project(self.root / "fairlead.yaml")
        stack = project.stack("local")
        (proved,) = prove(stack, project.root, chosen(stack, project.root))
        assert [one.kind == "lossless" or one.while_unwritten for one in proved.proofs] == [True] * 3, proved.proofs
        for path in (self.root / "db" / "shop").glob("[VU][2-9]*"):
            path.unlink()
        self.last = 1

    def deployed(self):
        """A deployment that nothing happens to; the points it passed."""
        self.write()
        code, points, said = self.run("deploy", "blue-green")
        assert code == 0, said
        return list(dict.fromkeys(points))

    def tidied(self):
        """The next deployment, which has everything as it was at first."""
        self.tidy()
        self.deployed()
        assert self.tables() == {"rows"}

    def ask(self, query, *values):
        with self.session() as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def tables(self):
        rows = self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in rows if not name.startswith("flyway_")}

    def whole(self, seconds=240.0):
        """The same, and the database answers and nobody migrates."""
        live = super().whole(seconds)
        assert wait_until(self._quiet, seconds, 0.1)
        return live

    def _quiet(self):
        with contextlib.suppress(psycopg.Error, OSError, StopIteration):
            return not self.ask(f"SELECT 1 {MIGRATORS}") and not self.ask(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
            )
        return False

    def agree(self):
        """What the history says is what there is: a file that ran whole, one that ran not at all, nothing between."""
        rows = self.ask("SELECT version, type, success FROM flyway_schema_history ORDER BY installed_rank")
        state = {}
        for version, kind, success in rows:
            state[version] = success and kind != "DELETE"
        files = {path.name.partition("__")[2][:-4]: path.name[1:].partition("__")[0] for path in self.newest()}
        there = self.tables()
        columns = self.ask("SELECT 1 FROM pg_attribute WHERE attrelid = 'rows'::regclass AND attname = 'note'")
        assert state.get(files["expand"], False) == ("extra" in there) == bool(columns), (rows[-8:], there)
        assert state.get(files["label"], False) == ("label" in there), (rows[-8:], there)
        valid = self.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('rows_id')")
        if state.get(files["index"]):
            assert valid == [(True,)], valid
        elif files["index"] not in state:
            assert not valid

    def newest(self):
        """The files of the last `expand`."""
        found = [path for path in (self.root / "db" / "shop").glob("V*") if "__tidy" not in path.name]
        return sorted(found, key=lambda path: int(path.name[1:].partition("__")[0]))[-3:]

    def validated(self):
        """As `fairlead db validate` says it."""
        project = load_project(self.root / "fairlead.yaml")
        (one,) = validate(chosen(project.stack("local"), project.root))
        return one

    def answers(self):
        """The version that users get."""
        return httpx.get(f"http://127.0.0.1:{self.port}/").headers["X-Version"]

    def closed(self):
        """What became of the last rollout, and what of the schema it kept."""
        with Ledger.read(self.place.ledger) as ledger:
            assert verify(ledger)
            return ledger.last(CLOSED).data

    def close(self):
        super().close()
        shutil.rmtree(self.root)
