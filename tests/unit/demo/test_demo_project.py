"""The application of the demo, which is the quickstart example too: there is one copy of it."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from app_servers import PYTHON, ROOT, get

from fairlead.demo.mix import Mix, Options, Paths
from fairlead.demo.traffic import Traffic

PROJECT = ROOT / "src" / "fairlead" / "demo" / "project"
COMMAND = [*PYTHON, "uvicorn", "main:app", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning"]


@pytest.fixture
def app(tmp_path):
    """`app("2")`: a folder with that version of the application."""

    def app(version):
        folder = shutil.copytree(PROJECT / "app", tmp_path / version)
        (folder / "VERSION").write_text(version + "\n")
        return folder

    return app


def test_the_quickstart_is_the_same_project():
    assert (ROOT / "examples" / "quickstart").resolve() == PROJECT.resolve()
    assert (PROJECT / "app" / "VERSION").read_text() == "1\n"


def test_it_answers_all_kinds_of_traffic(start, app):
    server = start("uvicorn", app("2"), COMMAND, GREETING="moin").wait_ready()
    status, headers, body = get(server.url + "/")
    assert (status, body, headers["X-App"], headers["X-Version"]) == (200, b"moin from version 2\n", "yes", "2")
    paths = Paths(slow="/slow?seconds=0.2", stream="/stream?seconds=1.2")
    with Traffic(server.url, Mix(), Options(paths=paths, idle_gap=(0.1, 0.3), websocket_gap=0.1)) as traffic:
        while len(kinds := traffic.snapshot().kinds) < 7 or not all(totals.answered for totals in kinds.values()):
            assert traffic.snapshot().seconds < 20
            time.sleep(0.05)
        report = traffic.stop()
    assert (report.lost, report.app_errors, report.websocket.cut, report.unfinished) == (0, 0, 0, 0)
    assert report.websocket.messages > 0
    assert set(report.versions) == {"2"}


def test_a_broken_version_is_healthy_and_answers_500(start, app):
    server = start("uvicorn", app("4-broken"), COMMAND).wait_ready()
    status, headers, _ = get(server.url + "/")
    assert (status, headers["X-App"], headers["X-Version"]) == (500, "yes", "4-broken")
    assert get(server.url + "/health")[0] == 200


def test_seed_may_run_twice(app, tmp_path):
    folder, database = app("1"), tmp_path / "seed.db"
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, "seed.py"], check=False, cwd=folder, env={"SEED_DATABASE": str(database)},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (0, "seeded 3 greetings\n")
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM greetings").fetchone() == (3,)


def test_worker_says_its_version_and_ends_at_sigterm(app):
    process = subprocess.Popen([sys.executable, "worker.py"], cwd=app("3"), stderr=subprocess.PIPE, text=True)
    try:
        assert "worker of version 3 at work" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert "worker of version 3 done" in process.communicate(timeout=300)[1]
        assert process.returncode == 0
    finally:
        process.kill()
