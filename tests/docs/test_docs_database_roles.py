"""The guide to roles of databases, done word for word, on a real PostgreSQL of Fairlead's."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

import pytest
from tests import warm
from tests.commands import python

from fairlead.demo.sandbox import free_port
from fairlead.stores.programs import missing

pytestmark = pytest.mark.real

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "guides" / "database-roles.md"
APP = """
import http.server, os, psycopg

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            who = connection.execute("SELECT current_user").fetchone()[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(who.encode())

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 0))), Handler).serve_forever()
"""


@pytest.fixture
def folder():
    """The project of the page, in a home that other users may pass through, and what its commands run with."""
    if missing(["postgres"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL is missing")
    made = Path(tempfile.mkdtemp(prefix="fl-docs-"))
    made.chmod(0o711)
    text = re.search(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1]
    text = text.replace('"${PYTHON} main.py"', "RUN").replace("${PYTHON} main.py", "RUN")
    text = text.replace("command: RUN", f"command: {python('main.py')}")
    environments = f"environments:\n  local: {{edge: {{http: {free_port()}}}}}\n"
    (made / "fairlead.yaml").write_text(f"name: shop\nrollout: {{watch: off}}\n{text}{environments}")
    (made / "app").mkdir()
    (made / "app" / "main.py").write_text(APP)
    (made / "db" / "shop").mkdir(parents=True)
    (made / "db" / "shop" / "V1__orders.sql").write_text("create table orders (owner_id int, what text);")
    (made / "home").mkdir(mode=0o711)
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    env = {"FAIRLEAD_HOME": str(made / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(made)}
    yield made, env
    subprocess.run(["fairlead", "stop", "local"], cwd=made, env=env, check=False, capture_output=True)
    shutil.rmtree(made, ignore_errors=True)


def fairlead(place, env, *words):
    return subprocess.run(["fairlead", *words], cwd=place, env=env, capture_output=True, text=True, check=False)


def get(place):
    port = re.search(r"http: (\d+)", (place / "fairlead.yaml").read_text())[1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        return answer.read().decode()


def asking(place, over, seen):
    """All the time, each time with a connection to the database of its own."""
    while not over.is_set():
        try:
            seen.append(get(place))
        except OSError as error:
            seen.append(str(error))
        over.wait(0.05)


def test_the_guide(folder):
    place, env = folder
    commands = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[0]
    done = subprocess.run(
        ["sh"], input=f"set -ex\n{commands}", cwd=place, env=env, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "nothing that must not be" in done.stdout
    assert "the server takes both values of DB_SHOP_WEB_PASSWORD" in said
    assert get(place) == "shop_web_b"
    names = ["DB_ADMIN_PASSWORD", *(f"DB_SHOP_{one}_PASSWORD" for one in ("WEB", "REPORTS", "MIGRATOR"))]
    values = [fairlead(place, env, "secrets", "get", "local", name).stdout.strip() for name in names]
    logged = fairlead(place, env, "stores", "logs", "local", "db").stdout
    assert values[1].startswith("b:")
    for value in values:
        assert len(value.removeprefix("b:")) == 32
        assert value.removeprefix("b:") not in said + logged
    roles = json.loads(fairlead(place, env, "db", "roles", "local", "--plan", "--json").stdout)
    assert roles["databases"][0]["statements"] == []
    report = json.loads(fairlead(place, env, "db", "isolation", "local", "--json").stdout)
    assert (report["ok"], report["databases"][0]["breaches"]) == (True, [])
    assert not any("not known" in note for note in report["databases"][0]["notes"]), report

    over, seen = threading.Event(), []
    thread = threading.Thread(target=asking, args=(place, over, seen))
    thread.start()
    try:
        again = fairlead(place, env, "secrets", "rotate", "local", "DB_SHOP_WEB_PASSWORD")
    finally:
        over.set()
        thread.join()
    assert again.returncode == 0, again.stdout + again.stderr
    assert set(seen) <= {"shop_web_a", "shop_web_b"}, set(seen)
    assert get(place) == "shop_web_a"
    report = json.loads(fairlead(place, env, "db", "isolation", "local", "--json").stdout)
    assert (report["ok"], report["databases"][0]["breaches"]) == (True, [])
