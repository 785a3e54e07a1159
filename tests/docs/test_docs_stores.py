"""The guide to stores, done word for word: its project, its commands in their order, on real stores."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests import warm
from tests.commands import python
from tests.living import processes

from fairlead.stores.programs import missing

pytestmark = pytest.mark.real

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "guides" / "stores.md"
APP = """
import http.server, os, psycopg, redis

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            asked = "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            who = connection.execute(asked).fetchone()
        redis.from_url(os.environ["REDIS_URL"]).incr("seen")
        self.send_response(200 if who == ("shop", True) else 500)
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def folder():
    """The project of the page, in a home that other users may pass through, and what its commands run with."""
    if missing(["postgres", "redis-server"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL or Redis is missing")
    made = Path(tempfile.mkdtemp(prefix="fl-docs-"))
    made.chmod(0o711)
    text = re.search(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1].replace("${PYTHON} main.py", "RUN")
    text = text.replace("command: RUN", f"command: {python('main.py')}")
    (made / "fairlead.yaml").write_text(
        f"name: shop\n{text}environments:\n  local: {{edge: {{http: {free_port()}}}}}\n"
    )
    (made / "app").mkdir()
    (made / "app" / "main.py").write_text(APP)
    (made / "home").mkdir(mode=0o711)
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    env = {"FAIRLEAD_HOME": str(made / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(made)}
    yield made, env
    subprocess.run(["fairlead", "stop", "local"], cwd=made, env=env, check=False, capture_output=True)
    shutil.rmtree(made, ignore_errors=True)


def free_port():
    from fairlead.demo.sandbox import free_port as free  # noqa: PLC0415

    return free()


def fairlead(place, env, *words):
    return subprocess.run(["fairlead", *words], cwd=place, env=env, capture_output=True, text=True, check=False)


def test_the_guide(folder):
    place, env = folder
    commands = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[0]
    done = subprocess.run(
        ["sh"], input=f"set -ex\n{commands}", cwd=place, env=env, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "stores: make db (postgres)" in done.stdout
    assert "db     postgres  well" in done.stdout
    assert "db: in force" in done.stdout
    assert re.search(r"shared_buffers .* a quarter of its memory", done.stdout)
    assert "nothing to do: all stores are as declared" in done.stdout
    assert "database system is ready to accept connections" in done.stdout
    for name in ("DB_PASSWORD", "CACHE_PASSWORD"):
        value = fairlead(place, env, "secrets", "get", "local", name).stdout.strip()
        assert len(value) == 32
        assert value not in said
        assert value.encode() not in b"".join(processes().values())
    before = fairlead(place, env, "status", "local", "--json").stdout
    assert '"problems": []' in before, before

    file = place / "fairlead.yaml"
    file.write_text(file.read_text().replace("maxmemory: 64M", "maxmemory: 32M"))
    refused = fairlead(place, env, "deploy", "local")
    assert refused.returncode == 3
    assert "make cache anew, as it is declared now" in refused.stderr
    second = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1]
    for line in reversed(second.splitlines()):
        agreed = fairlead(place, env, *line.split()[1:])
        assert agreed.returncode == 0, agreed.stderr
