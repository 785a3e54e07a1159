"""How a store begins with what is in its volume: the scripts, run by a real shell with servers that only tell."""

import subprocess

import pytest

from fairlead.project.stack import Store
from fairlead.render.stores import postgres, redis
from fairlead.render.stores.ground import Ground, certificate


@pytest.fixture
def begin(tmp_path, tools):
    """Run a start script in which the folders of a container are some of here. What was told, by exit code."""
    for name in ("bin", "data", "conf", "secrets"):
        (tmp_path / name).mkdir()
    for name in ("docker-entrypoint.sh", "redis-server", "redis-cli"):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\necho {name}\ncat\n")
        (tmp_path / "bin" / name).chmod(0o755)

    path = f"{tmp_path}/bin:{tools()}"

    def begin(script):
        env = {"PATH": path, "PGDATA": f"{tmp_path}/data/main"}
        ran = subprocess.run(["sh", "-c", script], env=env, input="", capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout, ran.stderr

    return begin


def test_postgres_does_not_begin_beside_a_cluster(begin, tmp_path):
    store = Store("db", "postgres", databases=("shop",))
    ground = Ground("", "/c", 5432, "", "", contained=True, secrets="/s")
    script = postgres.start_contained(store, ground)
    script = script.replace(postgres.KEEPS, f"{tmp_path}/data").replace(postgres.KEY, f"{tmp_path}/key")
    script = script.replace(f"cp {certificate(store, ground)[1]}", "cp /dev/null")
    (tmp_path / "data" / "PG_VERSION").write_text("16")
    code, told, error = begin(script)
    assert (code, told) == (1, "")
    assert f"move its files into {tmp_path}/data/main, or copy it with pg_dumpall" in error
    assert [one.name for one in (tmp_path / "data").iterdir()] == ["PG_VERSION"]
    (tmp_path / "data" / "main").mkdir()
    (tmp_path / "data" / "main" / "PG_VERSION").write_text("16")
    (tmp_path / "data" / "PG_VERSION").unlink()
    assert begin(script)[0] == 0


@pytest.mark.parametrize(
    ("there", "log"),
    [
        ((), "yes"),
        (("dump.rdb",), "no"),
        (("dump.rdb", "appendonly.aof"), "yes"),
        (("dump.rdb", "appendonlydir/appendonly.aof.manifest"), "yes"),
        (("dump.rdb", "appendonlydir/temp"), "no"),
    ],
)
def test_redis_reads_a_snapshot_that_has_no_log(begin, tmp_path, there, log):
    ground = Ground(f"{tmp_path}/data", f"{tmp_path}/conf", 6379, "", "", contained=True, secrets=f"{tmp_path}/secrets")
    for name, text in redis.files_beside(Store("cache", "redis"), ground).items():
        (tmp_path / "conf" / name).write_text(text)
    (tmp_path / "conf" / "ask.sh").write_text("exit 0")
    (tmp_path / "secrets" / "CACHE_PASSWORD").write_text("phrase")
    for name in there:
        (tmp_path / "data" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "data" / name).touch()
    code, told, error = begin(f"sh {ground.conf}/start.sh")
    assert (code, error) == (0, "")
    assert [line for line in told.splitlines() if line.startswith("appendonly ")][-1] == f"appendonly {log}"
