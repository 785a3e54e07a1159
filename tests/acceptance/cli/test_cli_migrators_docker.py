"""Migrators of a PostgreSQL in a container: two at once, and a real, slow Alembic that is killed in the middle."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import migrators
import pytest
from tests.docker_engine import images, unique

from fairlead.ledger import Ledger
from fairlead.system.clock import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=25)]

NEEDED = ("alembic", "mako", "markupsafe", "sqlalchemy")  #: what the image does not have; pure Python is enough
FILE = """\
name: {name}
services:
  web:
    image: {app}
    pull_policy: never
    command: sleep infinity
    workdir: /code
    env: {{PYTHONPATH: /packages, VERSION: "1"}}
    volumes: ["./app:/code:ro", {packages}]
    uses: [db.shop]
stores:
  db:
    kind: postgres
    image: "{postgres}"
    databases:
      shop: {{migrator: python3 -m alembic upgrade head, migrate: {{like: web}}}}
      files: {{migrations: db}}
environments:
  local: {{runtime: docker}}
"""
GATE = "begin while exists (select from gate) loop perform pg_sleep(0.05); end loop; end"
ORPHAN = f"create table orphan (); do $$ {GATE} $$"
TOOL = "fairlead migrator"


class Shop:
    """Deployed once. The migrations that come next stop at a gate, which is closed."""

    def __init__(self, docker):
        self.docker, self.name = docker, unique("migrators")
        self.version = 1
        self.root = Path(tempfile.mkdtemp(prefix="fl-migrators-"))
        self.root.chmod(0o711)
        self.app = self.root / "app"
        found = (Path(importlib.util.find_spec(name).origin).parent for name in NEEDED)
        packages = ", ".join(f'"{path}:/packages/{path.name}:ro"' for path in found)
        text = FILE.format(name=self.name, packages=packages, **images())
        (self.root / "fairlead.yaml").write_text(text)
        migrators.write(self.app, "alembic.ini", migrators.ALEMBIC_INI)
        migrators.write(self.app, "alembic/env.py", migrators.ALEMBIC_ENV)
        migrators.revise(self.app, "0001", None, "create table gate as select 1 as is_it")
        migrators.write(self.root, "db/V1__gate.sql", "create table gate as select 1 as is_it")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = {"FAIRLEAD_HOME": str(self.root / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(self.root)}
        self.env |= {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
        self.running = []

    def begin(self, *words):
        """A command that goes on; what it says is in a file."""
        log = tempfile.TemporaryFile("w+")
        how = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        process = subprocess.Popen(["fairlead", *words], cwd=self.root, env=self.env, **how)
        self.running.append((process, log))
        return process, lambda: _read(log)

    def run(self, *words, code=0):
        """What it said."""
        process, said = self.begin(*words)
        assert process.wait(300) == code, said()
        return said()

    def another(self):
        """What is deployed next is another release."""
        file = self.root / "fairlead.yaml"
        text, now = file.read_text(), self.version
        self.version += 1
        file.write_text(text.replace(f'VERSION: "{now}"', f'VERSION: "{self.version}"'))

    def sql(self, statement, database="shop"):
        """What psql answers, inside."""
        words = ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement)
        return self.docker("exec", f"{self.name}-local-db", *words).stdout.strip()

    def at_the_gate(self, process, said, database="shop"):
        """It waits there, in the middle of a migration."""
        inside = "select count(*) from pg_stat_activity where datname = current_database() and query ~ 'from gate'"
        others = f"{inside} and pid <> pg_backend_pid()"
        wait_until(lambda: self.sql(others, database) != "0" or process.poll() is not None, 240, 0.3)
        assert process.poll() is None, said()

    def deploying(self, sql):
        """A deployment of another release, with another second revision, in the middle of that."""
        migrators.revise(self.app, "0002", "0001", sql)
        self.another()
        process, said = self.begin("deploy", "local")
        self.at_the_gate(process, said)
        return process, said

    def jobs(self):
        """Names of the containers of jobs that run."""
        kinds = (f"label=dev.fairlead.project={self.name}", "label=dev.fairlead.kind=job", "status=running")
        return self.docker.lines("ps", "--format", "{{.Names}}", *(word for one in kinds for word in ("--filter", one)))

    def untouched(self):
        """Nobody migrates or has the lock any more, and Alembic's history and what there is are those of revision 1."""
        assert self.sql(f"select pid from pg_stat_activity where application_name = '{TOOL}'") == ""
        assert self.sql("select pid from pg_locks where locktype = 'advisory'") == ""
        assert self.sql("select version_num, to_regclass('orphan') is null from alembic_version") == "0001|t"

    def live(self):
        """The release that is live."""
        with Ledger.read(self.root / "home" / self.name / "local" / "ledger.db") as ledger:
            return ledger.last("rollout.committed").data["release"]

    def close(self):
        for process, log in self.running:
            process.kill()
            process.wait()
            log.close()
        subprocess.run(["fairlead", "stop", "local"], cwd=self.root, env=self.env, check=False, capture_output=True)
        self.docker.remove(self.name)
        shutil.rmtree(self.root, ignore_errors=True)


def _read(log):
    log.seek(0)
    return log.read()


@pytest.fixture(scope="module")
def shop(docker_engine):
    made = Shop(docker_engine)
    try:
        made.run("secrets", "init", "local")
        made.run("deploy", "local")
        yield made
    finally:
        made.close()


def test_of_two_migrators_one_runs_and_the_other_waits(shop):
    migrators.write(shop.root, "db/V2__gated.sql", f"create table two ();\ndo $$ {GATE} $$;")
    migrators.write(shop.root, "db/V3__index.sql", "create index concurrently gate_x on gate (is_it);")
    first, said = shop.begin("db", "migrate", "local", "files")
    shop.at_the_gate(first, said, "files")
    second, told = shop.begin("db", "migrate", "local", "files", "--wait", "240")
    assert wait_until(lambda: "waiting for" in told() or second.poll() is not None, 240, 0.1), told()
    assert f'waiting for "fairlead migrate, {first.pid} on ' in told()
    shop.sql("delete from gate", "files")
    assert (first.wait(240), second.wait(240)) == (0, 0), said() + told()
    assert "V2__gated.sql" in said() and "V2__gated.sql" not in told()
    rows = "select version, success from flyway_schema_history where version is not null order by installed_rank"
    assert shop.sql(rows, "files").split() == ["1|t", "2|t", "3|t"]
    assert shop.sql("select indisvalid from pg_index where indexrelid = 'gate_x'::regclass", "files") == "t"


def test_a_job_that_is_killed_leaves_all_as_it_was_and_no_other_deployment_came_between(shop):
    live = shop.live()
    deployer, said = shop.deploying(ORPHAN)
    assert str(deployer.pid) in shop.run("deploy", "local", "--wait", "1", code=4)
    (job,) = shop.jobs()
    os.kill(shop.docker.inspect(job)["State"]["Pid"], signal.SIGKILL)
    assert deployer.wait(240) == 1, said()
    assert "job db-shop-migrator: ended with" in said()
    shop.untouched()
    assert shop.live() == live


def test_a_killed_deployers_job_is_ended_before_the_next_one_begins(shop):
    deployer, _ = shop.deploying(ORPHAN)
    deployer.send_signal(signal.SIGKILL)
    deployer.wait()
    migrators.revise(shop.app, "0002", "0001", "create table next_one ()")
    shop.another()
    shop.run("deploy", "local", "--wait", "240")
    assert shop.sql("select version_num, to_regclass('orphan') is null from alembic_version") == "0002|t"
    assert shop.sql("select to_regclass('next_one') is null") == "f"
    assert shop.jobs() == []
