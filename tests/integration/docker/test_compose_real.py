"""A rendered project, started by Debian's docker-compose and nothing of Fairlead: the edge, services and jobs, stores
with TLS and passwords, their databases, roles and buckets, networks that are kept apart, and nothing left afterwards.
"""

import os
import re
import secrets
import socket
import ssl
import subprocess
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, HTTPSHandler, build_opener

import pytest
from tests.docker_engine import images

from fairlead.masking import Secret
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.plan import plan
from fairlead.operations.db.validate import validate
from fairlead.operations.render import render
from fairlead.postgres.connection import Settings, address
from fairlead.postgres.files import Folder
from fairlead.project.loader import load_project
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

FILE = """\
name: {name}
secrets: {{SIGN: {{generate: ed25519, rotate: {{kind: jwt, every: 90d}}}}, WORD: {{generate: password}}}}
templates: [{{from: a.json, to: conf/a.json, format: json, secret: true, services: [web]}}]
services:
  web:
    image: {app}
    command: python3 -m http.server ${{PORT}} --directory /etc
    port: 8000
    health: {{ready: /hostname, interval: 5s}}
    routes: [{{path: /, policies: {{headers: strict}}}}]
    replicas: 2
    stop: {{grace: 1s}}
    uses: [db.shop, db.more, db.tool, cache, files]
    secrets: [SIGN]
  stranger: {{image: "{app}", command: sleep 600, networks: [backend], stop: {{grace: 1s}}}}
  apart:
    image: "{app}"
    command: python3 -m http.server ${{PORT}}
    port: 9100
    health: {{interval: 5s}}
    networks: [own]
    stop: {{grace: 1s}}
jobs: {{first: {{like: web, command: "python3 -c '{run}' DB_SHOP_URL 'select x from goods'"}}}}
stores:
  db:
    kind: postgres
    image: {postgres}
    databases:
      shop: {{extensions: [pg_trgm], migrations: db/shop}}
      more: {{used_by: {{web: rw}}, migrations: db/more, rls: {{orders: {{using: "{using}"}}}}}}
      tool: {{used_by: {{web: ro}}, migrator: "python3 -c '{run}' DATABASE_URL '{made}'"}}
  cache: {{kind: redis, image: "{redis}", maxmemory: 64M}}
  files: {{kind: s3, image: "{s3}", buckets: [uploads]}}
environments: {{production: {{runtime: docker, edge: {{http: 8080, https: 8443, address: {address}}}}}}}
"""
USING = "owner = current_setting('app.me', true)"
MADE = "create table if not exists made (n int)"
RUN = "import os, sys, psycopg as p; p.connect(os.environ[sys.argv[1]], autocommit=True).execute(sys.argv[2])"
MIGRATIONS = {
    "shop/V1__goods.sql": "create table goods (x int);\ninsert into goods values (1)",
    "shop/V2__found.sql": "create index concurrently goods_x on goods (x)",
    "shop/R__view.sql": "create or replace view seen as select * from goods",
    "more/V1__orders.sql": "create table orders (owner text); insert into orders values ('me'), ('you')",
}
ASK = """
import json, os, psycopg, redis, socket
env = os.environ
print("word", json.load(open("/run/secrets/conf/a.json"))["word"])
print("keys", len(json.load(open(env["SIGN_JWKS_FILE"]))["keys"]))
shop = psycopg.connect(env["DB_SHOP_URL"], autocommit=True)
print("tls", shop.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone()[0])
print("extension", shop.execute("select count(*) from pg_extension where extname = 'pg_trgm'").fetchone()[0])
shop.execute("create table mine (n int)")
more = psycopg.connect(env["DB_MORE_URL"], autocommit=True)
print("goods", shop.execute("select sum(x) from seen").fetchone()[0])
more.execute("set app.me = 'me'")
print("rows", more.execute("select count(*), min(owner) from orders").fetchone())
print("tool", psycopg.connect(env["DB_TOOL_URL"]).execute("select count(*) from made").fetchone()[0])
print("as", more.execute("select current_user").fetchone()[0])
for name, attempt in {
    "history": lambda: more.execute("select * from flyway_schema_history"),
    "theirs": lambda: more.execute("insert into orders values ('you')"),
    "table": lambda: more.execute("create table t (n int)"),
    "other": lambda: psycopg.connect(env["DB_MORE_URL"].replace("/more?", "/shop?")),
    "plain": lambda: psycopg.connect(env["DB_SHOP_URL"].replace("verify-full", "disable")),
    "anonymous": lambda: redis.Redis("cache").ping(),
    "out": lambda: socket.create_connection(("192.0.2.1", 80), 1),
}.items():
    try:
        attempt()
        print(name, "allowed")
    except (psycopg.Error, redis.RedisError, OSError):
        print(name, "refused")
cache = redis.from_url(env["REDIS_URL"])
print("maxmemory", cache.config_get("maxmemory")["maxmemory"], cache.config_get("appendonly")["appendonly"])
print("s3", socket.create_connection(("files", 9000), 5) is not None, env["S3_BUCKET"])
"""
ADDRESS = ".".join(["127", *(str(1 + secrets.randbelow(250)) for _ in range(3))])  # nobody else listens at one of these
REACH = """
import socket, sys
for one in sys.argv[1:]:
    try:
        socket.create_connection(one.split(":"), 1).close()
        print(one)
    except OSError:
        pass
"""
FETCH = "import urllib.request as u; print(u.urlopen('http://web:8000/hostname', timeout=30).status)"


@pytest.fixture
def composed(docker_engine, docker_project, tmp_path, need):
    """`composed(WORDS…)`: what docker-compose says to that, of a project that is rendered and has its secrets."""
    need("openssl")
    program, made = need("docker-compose"), images()
    known = {"app": made["app"], "postgres": made["postgres"], "redis": made["redis"], "s3": made["s3"]}
    known |= {"using": USING, "run": RUN, "made": MADE}
    (tmp_path / "fairlead.yaml").write_text(FILE.format(name=docker_project, address=ADDRESS, **known))
    (tmp_path / "a.json").write_text('{"word": "${WORD}"}')
    for path, text in MIGRATIONS.items():
        (tmp_path / "db" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "db" / path).write_text(text)
    folder = render(load_project(tmp_path / "fairlead.yaml"), "production").folder
    env = {**os.environ, "FAIRLEAD_SECRETS": str(tmp_path / "secrets")}
    subprocess.run(["sh", folder / "secrets.sh"], env=env, check=True)
    older = folder / "older.yaml"  # 1.29 has no `name`
    older.write_text(re.sub("(?m)^name: .*\n", "", (folder / "compose.yaml").read_text()))
    argv = [program, "--project-name", docker_project, "--env-file", tmp_path / "secrets" / "compose.env", "-f", older]

    def run(*words, check=True):
        ran = subprocess.run([*argv, *words], env=env, capture_output=True, text=True, check=False)
        assert not check or ran.returncode == 0, ran.stderr
        return ran.stdout

    yield run
    if docker_engine.left_of(docker_project):
        run("down", "--volumes", "--timeout", "1", check=False)


def asked(url, trusted):
    """Status and headers of an answer; (0, …) where nobody gives one."""
    opener = build_opener(NoRedirects, HTTPSHandler(context=ssl.create_default_context(cafile=trusted)))
    try:
        with opener.open(url, timeout=30) as answer:
            return answer.status, answer.headers
    except HTTPError as error:
        return error.code, error.headers
    except OSError as error:
        return 0, error


def answers_here(address):
    """Whether a PostgreSQL there answers this machine: to the request for TLS of its protocol it says S."""
    try:
        with socket.create_connection((address, 5432), 2) as connection:
            connection.sendall(bytes((0, 0, 0, 8, 4, 210, 22, 47)))
            return connection.recv(1) == b"S"
    except OSError:
        return False


def accepted(docker_engine, project, folder):
    """The databases as Fairlead has them once it is told of the server, by a socket that only root reaches."""
    pid, found = docker_engine.inspect(f"{project}_db_1")["State"]["Pid"], []
    socket_of = quote(f"/proc/{pid}/root/run/postgresql", safe="")
    for name, role, secret in (("shop", "shop", "DB_PASSWORD"), ("more", "more_migrator", "DB_MORE_MIGRATOR_PASSWORD")):
        password = quote((folder / "secrets" / secret).read_text(), safe="")
        url = Secret(f"postgresql://{role}:{password}@/{name}?host={socket_of}")
        where = address(url, name, several=False)
        files = Folder(folder / "db" / name, f"db/{name}")
        found.append(Database(name, where, files, Settings(), False, {}, frozenset(), "production"))
    return found


class NoRedirects(HTTPRedirectHandler):
    """They are looked at."""

    def redirect_request(self, *words):
        return None


def test_it_is_what_the_runtime_makes_of_it(composed, docker_engine, docker_project, tmp_path):
    composed("up", "--detach")
    told = dict(line.split(" ", 1) for line in composed("exec", "-T", "web", "python3", "-c", ASK).splitlines())
    assert told.pop("word") == (tmp_path / "secrets" / "WORD").read_text()
    assert told.pop("keys") == "1"
    assert told == {
        "tls": "True", "extension": "1", "as": "more_web_a", "table": "refused", "other": "refused", "plain": "refused",
        "goods": "1", "rows": "(1, 'me')", "tool": "0", "history": "refused", "theirs": "refused",
        "anonymous": "refused", "out": "refused", "maxmemory": "67108864 yes", "s3": "True uploads",
    }  # fmt: skip

    def address(service):
        """By number: a name that it does not know it would look for outside, which takes its time."""
        (network,) = docker_engine.inspect(f"{docker_project}_{service}_1")["NetworkSettings"]["Networks"].values()
        return network["IPAddress"]

    def reached(*wanted):
        """Which of them a stranger reaches."""
        return docker_engine("exec", f"{docker_project}_stranger_1", "python3", "-c", REACH, *wanted).stdout.split()

    assert wait_until(lambda: reached("files:9000"), 30)
    assert "uploads" in docker_engine("exec", f"{docker_project}_files_1", "ls", "/data").stdout.split()

    trusted = tmp_path / "secrets" / "FAIRLEAD_CA"
    assert wait_until(lambda: asked(f"https://{ADDRESS}:8443/hostname", trusted)[0] == 200, 60)
    status, headers = asked(f"https://{ADDRESS}:8443/hostname", trusted)
    assert (status, headers["X-Frame-Options"]) == (200, "DENY")
    status, headers = asked(f"http://{ADDRESS}:8080/hostname", trusted)
    assert (status, headers["Location"]) == (301, f"https://{ADDRESS}:8443/hostname")
    assert docker_engine.lines("port", f"{docker_project}_web_1") == []

    def fetched(service):
        hasty = ("--env", "RES_OPTIONS=attempts:1 timeout:1")  # for a name that nobody knows
        argv = (*hasty, f"{docker_project}_{service}_1", "python3", "-c", FETCH)
        return docker_engine("exec", *argv, check=False).stdout.strip()

    assert (fetched("stranger"), fetched("apart")) == ("200", "")  # who shares no network with it has no name for it
    edge = docker_engine.inspect(f"{docker_project}_edge_1")["NetworkSettings"]["Networks"]
    ports = [f"{one['IPAddress']}:{port}" for one in edge.values() for port in ("8000", "9100")]  # of users alone
    closed = [f"{address('db')}:5432", f"{address('cache')}:6379", *ports, f"{address('apart')}:9100"]
    assert reached("files:9000", *closed) == ["files:9000"]
    assert not answers_here(address("db"))

    for container in (f"{docker_project}_web_1", f"{docker_project}_edge_1"):
        found = docker_engine.inspect(container)
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["PidsLimit"] == 512 and host["Init"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"] and found["Config"]["User"] not in ("", "0", "root")
    assert docker_engine.inspect(f"{docker_project}_first_1")["State"]["ExitCode"] == 0

    composed("up", "--detach")  # each job again: nothing is left to be done
    moved = docker_engine("logs", f"{docker_project}_db-shop-migrator_1").stdout.split()
    assert moved == ["V1__goods.sql", "V2__found.sql", "R__view.sql"]
    for job in ("db-shop-migrator", "db-more-migrator", "db-tool-migrator"):
        assert docker_engine.inspect(f"{docker_project}_{job}_1")["State"]["ExitCode"] == 0
    ours = accepted(docker_engine, docker_project, tmp_path)
    assert [(one.ok, one.pending, one.mistakes) for one in validate(ours)] == [(True, 0, ())] * 2
    assert [one.plan.files() for one in plan(ours)] == [()] * 2

    phrase = (tmp_path / "secrets" / "DB_PASSWORD").read_text()
    db = docker_engine("inspect", f"{docker_project}_db_1").stdout
    assert phrase not in db
    logged = docker_engine("logs", f"{docker_project}_db_1")
    assert phrase not in logged.stdout + logged.stderr
    composed("down", "--volumes", "--timeout", "1")
    assert docker_engine.left_of(docker_project) == []
