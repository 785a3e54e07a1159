"""A rendered project, started by Debian's docker-compose and nothing of Fairlead: stores with TLS and passwords, their
databases, roles and buckets, networks that are kept apart, and nothing left afterwards.
"""

import os
import re
import subprocess

import pytest
from tests.docker_engine import images

from fairlead.operations.render import render
from fairlead.project.loader import load_project
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

FILE = """\
name: {name}
services:
  web:
    image: {app}
    command: sleep 600
    port: 8000
    stop: {{grace: 1s}}
    uses: [db.shop, db.more, cache, files]
  stranger: {{image: "{app}", command: sleep 600, networks: [backend], stop: {{grace: 1s}}}}
stores:
  db:
    kind: postgres
    image: {postgres}
    databases: {{shop: {{extensions: [pg_trgm]}}, more: {{used_by: {{web: ro}}}}}}
  cache: {{kind: redis, image: "{redis}", maxmemory: 64M}}
  files: {{kind: s3, image: "{s3}", buckets: [uploads]}}
environments: {{production: {{runtime: docker}}}}
"""
ASK = """
import os, psycopg, redis, socket
env = os.environ
shop = psycopg.connect(env["DB_SHOP_URL"], autocommit=True)
print("tls", shop.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone()[0])
print("extension", shop.execute("select count(*) from pg_extension where extname = 'pg_trgm'").fetchone()[0])
shop.execute("create table mine (n int)")
more = psycopg.connect(env["DB_MORE_URL"], autocommit=True)
print("as", more.execute("select current_user").fetchone()[0])
for name, attempt in {
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
REACH = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"


@pytest.fixture
def composed(docker_engine, docker_project, tmp_path, need):
    """`composed(WORDS…)`: what docker-compose says to that, of a project that is rendered and has its secrets."""
    need("openssl")
    program, made = need("docker-compose"), images()
    known = {"app": made["app"], "postgres": made["postgres"], "redis": made["redis"], "s3": made["s3"]}
    (tmp_path / "fairlead.yaml").write_text(FILE.format(name=docker_project, **known))
    folder = render(load_project(tmp_path / "fairlead.yaml"), "production").folder
    env = {**os.environ, "FAIRLEAD_SECRETS": str(tmp_path / "secrets")}
    subprocess.run(["sh", folder / "secrets.sh"], env=env, check=True)
    older = folder / "older.yaml"  # 1.29 has no `name`
    older.write_text(re.sub("(?m)^name: .*\n", "", (folder / "compose.yaml").read_text()))
    argv = [program, "--project-name", docker_project, "--env-file", tmp_path / "secrets" / "compose.env", "-f", older]

    def run(*words, check=True):
        return subprocess.run([*argv, *words], env=env, capture_output=True, text=True, check=check).stdout

    yield run
    if docker_engine.left_of(docker_project):
        run("down", "--volumes", "--timeout", "1", check=False)


def test_it_is_what_the_runtime_makes_of_it(composed, docker_engine, docker_project, tmp_path):
    composed("up", "--detach")
    told = dict(line.split(" ", 1) for line in composed("exec", "-T", "web", "python3", "-c", ASK).splitlines())
    assert told == {
        "tls": "True", "extension": "1", "as": "more_web_a", "table": "refused", "other": "refused", "plain": "refused",
        "anonymous": "refused", "out": "refused", "maxmemory": "67108864 yes", "s3": "True uploads",
    }  # fmt: skip

    def address(service):
        """By number: a name that it does not know it would look for outside, which takes its time."""
        (network,) = docker_engine.inspect(f"{docker_project}_{service}_1")["NetworkSettings"]["Networks"].values()
        return network["IPAddress"]

    def reaches(host, port):
        argv = ["docker", "exec", f"{docker_project}_stranger_1", "python3", "-c", REACH, host, port]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0

    assert wait_until(lambda: reaches("files", "9000"), 30)
    assert not reaches(address("db"), "5432")
    assert not reaches(address("cache"), "6379")
    assert "uploads" in docker_engine("exec", f"{docker_project}_files_1", "ls", "/data").stdout.split()

    phrase = (tmp_path / "secrets" / "DB_PASSWORD").read_text()
    db = docker_engine("inspect", f"{docker_project}_db_1").stdout
    assert phrase not in db
    logged = docker_engine("logs", f"{docker_project}_db_1")
    assert phrase not in logged.stdout + logged.stderr
    composed("down", "--volumes", "--timeout", "1")
    assert docker_engine.left_of(docker_project) == []
