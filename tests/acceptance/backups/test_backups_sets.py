"""Backups of a Redis, of files and of a database, made together and put back together, as programs of this machine."""

import json
import os
import signal
import socket

import pytest
from backup_site import Site
from killed_restore import restored_until
from tests.schedule import rotated

from fairlead.stores.programs import missing

pytestmark = pytest.mark.real
FILE = """
name: shop
services:
  web: {{command: sleep infinity, source: .}}
stores:
  cache:
    kind: redis
    maxmemory_policy: allkeys-lru
    backup: {{logical: daily, to: {to}}}
    drill: {{every: 7d, rto: 1h}}
  db:
    kind: postgres
    databases: {{shop: {{}}}}
    backup: {{logical: daily, to: {to}}}
volumes:
  uploads:
    path: {root}/uploads
    backup: {{logical: daily, to: {to}}}
    drill: {{every: 7d}}
environments:
  local: {{}}
  other: {{}}
"""


class Kept(Site):
    """With a Redis, a database and a folder."""

    def write(self, to=None, **_):
        (self.root / "fairlead.yaml").write_text(FILE.format(to=to or self.backups, root=self.root))

    def redis(self, *words):
        """What the Redis answers."""
        folder = next((self.root / "home").glob("*/local/stores/cache"))
        said = (folder / "conf" / "ask").read_text().split("\n")[0]
        with socket.create_connection(("127.0.0.1", json.loads((folder / "store.json").read_text())["port"])) as link:
            link.sendall(f"{said}\r\n{' '.join(words)}\r\n".encode())
            file = link.makefile("rb")
            assert file.readline() == b"+OK\r\n"
            kind, rest = (line := file.readline().decode().strip())[:1], line[1:]
            return file.read(int(rest) + 2).decode().strip() if kind == "$" and rest != "-1" else rest

    def fill(self):
        """With what is backed up."""
        self.redis("FLUSHALL")
        for n in range(50):
            self.redis("SET", f"key:{n}", f"value-{n}")
        self.sql("DROP TABLE IF EXISTS orders; CREATE TABLE orders AS SELECT generate_series(1, 20) n")
        folder = self.root / "uploads"
        (folder / "deep").mkdir(parents=True, exist_ok=True)
        for path in folder.rglob("*"):
            if not path.is_dir() or path.is_symlink():
                path.unlink()
        (folder / "deep" / "one.txt").write_text("one")
        (folder / "deep" / "one.txt").chmod(0o640)
        os.link(folder / "deep" / "one.txt", folder / "same.txt")
        (folder / "link").symlink_to("deep/one.txt")
        (folder / "holes").touch()
        os.truncate(folder / "holes", 1 << 20)

    def spoil(self):
        """What a restore takes back."""
        self.redis("SET", "key:1", "other")
        self.redis("DEL", "key:2")
        self.sql("INSERT INTO orders VALUES (21)")
        (self.root / "uploads" / "deep" / "one.txt").write_text("another")
        (self.root / "uploads" / "new.txt").write_text("new")

    def require_restored(self):
        folder = self.root / "uploads"
        assert [self.redis("GET", f"key:{n}") for n in (1, 2)] == ["value-1", "value-2"]
        assert self.redis("DBSIZE") == "50"
        assert self.sql("SELECT count(*) FROM orders") == [(20,)]
        assert (folder / "deep" / "one.txt").read_text() == "one"
        assert (folder / "deep" / "one.txt").stat().st_mode & 0o777 == 0o640
        assert (folder / "same.txt").stat().st_ino == (folder / "deep" / "one.txt").stat().st_ino
        assert (folder / "link").readlink().name == "one.txt"
        assert (folder / "holes").stat().st_size == 1 << 20
        assert not (folder / "new.txt").exists()


@pytest.fixture(scope="module")
def kept():
    if missing(["redis-server", "redis-cli", "redis-check-rdb", "postgres", "pg_dump"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("Redis or PostgreSQL is missing")
    site = Kept()
    try:
        (site.root / "uploads").mkdir()
        site.apply()
        yield site
    finally:
        site.close()


@pytest.fixture
def site(kept):
    kept.backups = kept.root / f"backups-{os.urandom(4).hex()}"
    kept.write()
    kept.fill()
    return kept


def made(site):
    return {one["store"]: one["backup"] for one in site.json("backup", "now", "local")["stores"]}


def test_all_of_it_is_made_together_and_put_back_together(site):
    found = made(site)
    (set_id,) = {one["set"] for one in found.values()}
    assert set_id.startswith("set-")
    assert {name: one["kind"] for name, one in found.items()} == {
        "cache": "snapshot", "db": "logical", "uploads": "volume",
    }  # fmt: skip
    assert found["cache"]["keys"] == 50
    assert found["uploads"]["volumes"]["files"]["files"] == 3
    assert found["uploads"]["bytes"] < 10_000
    (listed,) = site.json("backup", "list", "local")["sets"]
    assert (listed["id"], sorted(listed["stores"])) == (set_id, ["cache", "db", "uploads"])
    assert 0 <= listed["spread"] < 600
    assert site.json("backup", "verify", "local")["ok"]
    assert all(one["ok"] for one in site.json("db", "drill", "local")["drills"])
    site.spoil()
    planned = site.json("backup", "restore", "local", set_id, "--plan")
    assert not planned["done"]
    assert site.redis("GET", "key:1") == "other"
    said = site.run("backup", "restore", "local", set_id, "--yes")
    assert "50 keys in the backup, 49 now" in said
    assert "3 files in the backup, 4 now" in said
    site.require_restored()
    assert site.redis("CONFIG", "GET", "appendonly")
    site.run("stop", "local", code=None)
    site.run("stores", "apply", "local", "--yes")
    site.require_restored()
    left = site.run("backup", "prune", "local", "--old-data", "--yes")
    assert "dropped" in left
    assert not list(site.root.glob("uploads.fairlead/before-*"))


def test_a_flipped_byte_is_found_and_nothing_of_it_is_put_back(site):
    made(site)
    site.spoil()
    for store, name in (("cache", "dump.rdb.age"), ("uploads", "files.tar.gz.age")):
        part = next(site.backups.glob(f"shop/local/{store}/*/{name}"))
        data = bytearray(part.read_bytes())
        data[len(data) // 2] ^= 1
        part.write_bytes(data)
        assert not site.json("db", "drill", "local", store, code=1)["ok"]
        assert "is damaged" in site.run("backup", "restore", "local", "--store", store, "--yes", code=1)
    assert not site.json("backup", "verify", "local", code=1)["ok"]
    require_one_or_the_other(site)
    assert as_before(site)
    assert not list((site.root / "uploads.fairlead").glob("new-*"))


def test_one_alone_is_put_back_and_no_other_is_touched(site):
    site.run("backup", "now", "local", "cache", "db")
    site.spoil()
    said = site.run("db", "restore", "local", "cache", "--yes", code=2)
    assert "fairlead backup restore local latest --store cache" in said
    site.run("backup", "restore", "local", "--store", "cache", "--yes")
    assert site.redis("GET", "key:1") == "value-1"
    assert site.sql("SELECT count(*) FROM orders") == [(21,)]
    for which in ("latest", "2999-12-31"):  # of the folder there is none, and nobody leaves that out silently
        assert "there is no backup" in site.run("backup", "restore", "local", which, "--yes", code=2)


def as_before(site):
    return site.redis("GET", "key:1") == "other"


def require_one_or_the_other(site):
    """Nobody has half of it."""
    if as_before(site):
        assert site.redis("DBSIZE") == "49"
        assert site.sql("SELECT count(*) FROM orders") == [(21,)]
        assert (site.root / "uploads" / "new.txt").exists()
    else:
        site.require_restored()


WHEN = ("right after it was written down", "in the middle of it")
FIRST, *LATER = rotated(WHEN)


@pytest.mark.parametrize("when", [FIRST, *(pytest.param(one, marks=pytest.mark.long) for one in LATER)])
def test_a_restore_that_is_killed_is_ended_by_the_next_command(site, when):
    step, old = {WHEN[0]: (1, True), WHEN[1]: (7, False)}[when]
    site.fill()
    site.run("backup", "now", "local")
    site.spoil()
    assert restored_until(site, step)
    site.run("stores", "apply", "local", "--yes")
    assert as_before(site) == old
    require_one_or_the_other(site)


def test_a_restore_that_a_person_interrupts_has_all_or_nothing(site):
    """Once it is written down, also what the databases become is kept for whoever ends it."""
    site.run("backup", "now", "local")
    site.spoil()
    assert restored_until(site, 3, sign=signal.SIGINT)
    site.run("stores", "apply", "local", "--yes")
    site.require_restored()


@pytest.mark.long(seconds=120)
def test_a_restore_may_be_killed_at_any_step(site):
    set_id = made(site)["cache"]["set"]
    step = 1
    while True:
        site.fill()
        site.spoil()
        if not restored_until(site, step, set_id):
            break
        site.run(*(("backup", "now", "local", "uploads") if step % 2 else ("stores", "apply", "local", "--yes")))
        site.run("stores", "apply", "local", "--yes")
        require_one_or_the_other(site)
        step += 1
    assert step > 12
    site.require_restored()
