"""An arena whose service logs in to a PostgreSQL with a role of its own, and writes rows there for its users."""

import contextlib
import http.client
import json
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import psycopg

from fairlead.masking import Secret
from fairlead.operations.environment import existing
from fairlead.project.database_roles import phrase_of, side_of
from fairlead.secrets.rotation.journal import last_closed, open_rotations
from fairlead.system.clock import wait_until
from fairlead.system.home import near
from tests.crash.arena import Arena
from tests.crash.beside import Beside
from tests.crash.schema_arena import KEEPING
from tests.docker_engine import DockerEngine, images, unique

SECRET = "DB_SHOP_WEB_PASSWORD"
PROJECT = """\
name: {name}
services:
  web:
    {what}
    command: {command}
    port: 8000
    health: {{ready: /health, interval: 100ms, successes: 2, deadline: 90s}}
    routes: ["/"]
    replicas: 2
    env: {{VERSION: "{version}"}}
    uses: [db]
    stop: {{drain: 5s, grace: 5s}}
environments:
  local: {{runtime: {runtime}, edge: {{http: {port}, address: 127.0.0.1}}}}
smoke: [{{path: {smoke}, status: 200}}]
rollout: {{keep: 2, rollback_window: 1s, watch: off}}
stores:
  db:
    kind: postgres
    STORE
    databases: {{shop: {{migrations: db/shop, migrate: {{rehearse: never}}, used_by: {{web: rw}}}}}}
secret_backend:
  kind: exec
  get: COMMAND get {{name}}
  set: COMMAND set {{name}}
"""
WRITING = """\
import http.server, os, queue, sys, psycopg

URL = os.environ["DATABASE_URL"]
psycopg.connect(URL, autocommit=True, prepare_threshold=None).close()  # who is not let in does not begin
pool, used = queue.SimpleQueue(), [0]

def taken():
    used[0] += 1
    if used[0] % 5:  # each fifth asks with a new one, as a pool does whose connections grow old
        try:
            return pool.get_nowait()
        except queue.Empty:
            pass
    return psycopg.connect(URL, autocommit=True, prepare_threshold=None)

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer("SELECT current_user")

    def do_POST(self):
        self.answer("INSERT INTO rows VALUES (%s) RETURNING current_user", int(self.path[1:]))

    def answer(self, statement, *values):
        try:
            connection = taken()
            said, status = connection.execute(statement, values).fetchone()[0], 200
            connection.close() if used[0] % 5 == 1 else pool.put(connection)
        except psycopg.Error as error:
            said, status = str(error), 500
        self.send_response(status)
        self.send_header("X-App", "writing")
        self.send_header("Content-Length", str(len(said.encode())))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


class PasswordArena(Arena):
    """On Docker, where nobody but services reaches the database by the network."""

    services = ("web", "web")
    serving = "python3 writing.py 0.0.0.0 ${PORT}"

    def __init__(self, store="", name="", runtime="docker"):
        self.root = Path(tempfile.mkdtemp(prefix="fl-password-"))
        self.root.chmod(0o711)
        (self.root / "db" / "shop").mkdir(parents=True)
        (self.root / "db" / "shop" / "V1__rows.sql").write_text("CREATE TABLE rows (id bigint);\n")
        (self.root / "keeping").mkdir()
        (self.root / "keeping" / "keeping.py").write_text(KEEPING)
        keeping = f"{sys.executable} -I {self.root / 'keeping' / 'keeping.py'}"
        store = store or f'image: "{images()["postgres"]}"\n    networks: [database]'
        serving = self.serving.replace("{", "{{").replace("}", "}}")
        self.project = PROJECT
        for there, text in {"COMMAND": keeping, "STORE": store, "{command}": serving}.items():
            self.project = self.project.replace(there, text)
        super().__init__(self.root, name=name or unique("password"), runtime=runtime)
        (self.root / "app" / "writing.py").write_text(WRITING)
        self.environment["EMERGENCY"] = ""

    def deployed(self):
        self.write()
        code, _, said = self.run("deploy", "blue-green")
        assert code == 0, said

    def kept(self, name=SECRET):
        """What the back end has."""
        return Secret((self.root / "keeping" / name).read_text().strip())

    def delivered(self):
        """What services of the live release have."""
        return (self.place.secrets / self.live() / "web" / "current" / "DB_SHOP_WEB_URL").read_text()

    def session(self, role, password):
        """Over the socket, which is all that this machine reaches of it."""
        socket = near(self.place.stores / "db" / "socket", ".s.PGSQL.5432")
        how = {"host": str(socket), "user": role, "password": password.reveal(), "dbname": "shop"}
        return psycopg.connect(**how, autocommit=True)

    def admin(self):
        return self.session("fairlead_admin", self.kept("DB_ADMIN_PASSWORD"))

    def ask(self, query, *values):
        with self.admin() as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def open(self):
        """Which of the two roles may log in."""
        query = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop_web__' AND rolcanlogin ORDER BY 1"
        return [name for (name,) in self.ask(query)]

    @property
    def role(self):
        """That of the value that is kept."""
        return f"shop_web_{side_of(self.kept())}"

    def at_rest(self):
        with existing(self.place) as environment:
            return not open_rotations(environment.ledger)

    def closed(self):
        with existing(self.place) as environment:
            return last_closed(environment.ledger, SECRET)

    def agree(self):
        """Back end, services and server are of one mind: one role logs in, with the value that is kept."""
        assert wait_until(self.at_rest, 240, 0.2)
        self.whole()
        phrase = phrase_of(self.kept()).reveal()
        assert f"//{self.role}:{phrase}@" in self.delivered()
        assert self.open() == [self.role]
        self.session(self.role, phrase_of(self.kept())).close()
        assert not list(self.place.secrets.glob(".rotation/*.json"))

    @contextlib.contextmanager
    def kept_out(self, role):
        """Whoever comes by the network as that role is not let in; by the socket it is, as Fairlead tries it."""
        file = self.place.stores / "db" / "conf" / "pg_hba.conf"
        before = file.read_text()
        file.write_text(f"hostssl all {role} all reject\n{before}")
        self.ask("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            file.write_text(before)
            self.ask("SELECT pg_reload_conf()")

    def close(self):
        try:
            super().close()
        finally:
            if self.runtime == "docker":
                DockerEngine().remove(self.name)
            shutil.rmtree(self.root, ignore_errors=True)


class PooledArena(PasswordArena):
    """Processes, whose database somebody else runs, behind a connection pooler of theirs."""

    serving = f"{sys.executable} -I writing.py 127.0.0.1 ${{PORT}}"

    def __init__(self, server, pooler):
        self.server = server
        super().__init__(f'url: "{pooler.url("shop")}"\n    direct_url: "{server.url("shop")}"', "pooled", "process")

    def session(self, role, password):
        return psycopg.connect(self.server.url("shop"), user=role, password=password.reveal(), autocommit=True)

    def admin(self):
        return self.server.connect("shop")


class Writers(Beside):
    """Users whose every request is a row. `failed`: what was no answer of 200."""

    threads = 3

    def __init__(self, arena):
        super().__init__(arena)
        self.failed, self.acknowledged, self.roles = [], [], set()
        self._next, self._lock = 0, threading.Lock()

    def __enter__(self):
        self.first = self.arena.ask("SELECT coalesce(max(id), 0) FROM rows")[0][0]
        self._next = self.first
        return super().__enter__()

    def _number(self):
        with self._lock:
            self._next += 1
            return self._next

    def work(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.arena.port, timeout=120)
        with contextlib.closing(connection):
            while not self.over.wait(0.05):
                self._write(connection, self._number())

    def _write(self, connection, number):
        try:
            connection.request("POST", f"/{number}")
            answer = connection.getresponse()
            said = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.failed.append(repr(error))
            connection.close()
            return
        if answer.status == 200:
            self.acknowledged.append(number)
            self.roles.add(said)
        else:
            self.failed.append(f"{answer.status} {said}")

    def check(self):
        """None failed, and each row that was acknowledged is there once, and no other."""
        assert self.failed == [], self.failed
        found = self.arena.ask("SELECT id FROM rows WHERE id > %s ORDER BY id", self.first)
        assert [number for (number,) in found] == sorted(self.acknowledged)
        assert self.acknowledged


class Sessions(Beside):
    """Looks all the time who is logged in, and may. `cut`: sessions of a role that had to rest already."""

    QUERY = """
    SELECT rolname, rolcanlogin, (SELECT count(*) FROM pg_stat_activity WHERE usename = rolname)
    FROM pg_roles WHERE rolname LIKE 'shop_web__'
    """

    def __init__(self, arena):
        super().__init__(arena)
        self.cut, self.looks, self.seen = [], 0, set()

    def work(self):
        with self.arena.admin() as connection:
            while not self.over.wait(0.05):
                found = connection.execute(self.QUERY).fetchall()
                self.looks += 1
                self.seen.add(json.dumps(sorted(role for role, may, _ in found if may)))
                self.cut += [role for role, may, sessions in found if sessions and not may]
