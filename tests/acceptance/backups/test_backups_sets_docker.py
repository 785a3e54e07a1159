"""Backups of a Redis, of a store's volume and of a service's, in containers: made, tried and put back."""

import contextlib
import os
from datetime import UTC, datetime

import pytest
from docker_site import DockerSite
from killed_copy import copy_killed
from killed_restore import restored_until
from tests.docker_engine import images, why_not

from fairlead.demo.sandbox import free_port
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
FILE = """\
name: {name}
services:
  web: {{image: "{app}", pull_policy: never, command: sleep infinity, volumes: ["uploads:/uploads"]}}
stores:
  cache: {{kind: redis, image: "{redis}", backup: {{to: {to}}}}}
  files: {{kind: s3, image: "{s3}", buckets: [photos], networks: [backend], backup: {{to: {to}}}}}
volumes:
  uploads:
    backup:
      to: {to}
      quiet:
        service: web
        before: sh -c "echo before >>/dev/shm/told"
        after: sh -c "echo after >>/dev/shm/told"
        pause: 600s
environments:
  local: {{runtime: docker, edge: {{http: PORT, address: 127.0.0.1}}}}
"""


@pytest.fixture(scope="module")
def site():
    if why := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = DockerSite(FILE.replace("PORT", str(free_port())))
    try:
        made.run("secrets", "init", "local")
        made.run("deploy", "local", "--yes")
        yield made
    finally:
        made.close()


def beside(site, script):
    """As root, with the volume of `web`."""
    volume = f"{site.name}-local-uploads:/uploads"
    return site.docker("run", "--rm", "--network", "none", "--user", "0", "--volume", volume, "--entrypoint", "sh",
                       images()["app"], "-c", script).stdout.strip()  # fmt: skip


def test_made_tried_and_put_back(site):
    for n in range(20):
        site.redis("SET", f"key:{n}", f"value-{n}")
    beside(site, "cd /uploads && mkdir deep && echo one >deep/one && ln -s deep/one link && chown -R 1234:1234 deep")
    site.docker("exec", f"{site.name}-local-files", "sh", "-c", "echo photo >/data/photos/one.jpg")
    with paused(site) as seen:
        found = {one["store"]: one["backup"] for one in site.json("backup", "now", "local")["stores"]}
    assert seen == ["pause", "unpause"]
    assert told(site) == ["before", "after"]
    assert found["cache"]["keys"] == 20
    assert found["uploads"]["volumes"]["uploads"]["files"] == 1
    assert found["files"]["volumes"]["files-data"]["files"] >= 1
    assert site.json("backup", "verify", "local")["ok"]
    assert all(one["ok"] for one in site.json("db", "drill", "local")["drills"])
    assert site.copies() == []
    site.redis("FLUSHALL")
    site.redis("SET", "later", "1")
    beside(site, "rm -r /uploads/deep && echo two >/uploads/two")
    site.docker("exec", f"{site.name}-local-files", "sh", "-c", "rm /data/photos/one.jpg")
    said = site.run("backup", "restore", "local", found["cache"]["set"], "--yes")
    assert "20 keys in the backup, 1 now" in said
    assert (site.redis("DBSIZE"), site.redis("GET", "key:7")) == ("20", "value-7")
    assert (
        beside(site, "cat /uploads/link; stat -c %u:%g /uploads/deep/one; ls /uploads") == "one\n1234:1234\ndeep\nlink"
    )
    assert site.docker("exec", f"{site.name}-local-files", "cat", "/data/photos/one.jpg").stdout == "photo\n"
    site.docker("restart", f"{site.name}-local-cache")
    assert site.redis("DBSIZE") == "20"
    assert "dropped" in site.run("backup", "prune", "local", "--old-data", "--yes")
    assert "before-" not in beside(site, "ls -A /uploads/.fairlead")
    assert site.copies() == []


def web(site):
    return site.docker.lines("ps", "-q", "--filter", f"name={site.name}-local-web-")[0]


def told(site):
    """What was said to the service."""
    return site.docker("exec", web(site), "sh", "-c", "cat /dev/shm/told || true").stdout.split()


@contextlib.contextmanager
def paused(site):
    """What the engine did to the service meanwhile."""
    seen, id = [], web(site)
    begun = datetime.now(UTC).timestamp()
    yield seen
    kinds = [word for event in ("pause", "unpause") for word in ("--filter", f"event={event}")]
    at = ("--since", f"{begun:.9f}", "--until", f"{datetime.now(UTC).timestamp():.9f}")
    seen += site.docker.lines("events", *at, "--filter", f"container={id}", *kinds, "--format", "{{.Action}}")


def test_a_copy_that_is_killed_leaves_no_service_that_stands_still(site):
    before = len(told(site))
    copy_killed(site)
    assert wait_until(lambda: not site.docker.inspect(web(site))["State"]["Paused"], 60, every=0.2, most=1)
    assert wait_until(lambda: told(site)[before:] == ["before", "after"], 60, every=0.2, most=1)
    site.run("backup", "now", "local", "uploads")  # what it left is in nobody's way


@pytest.mark.long(seconds=90)
def test_the_keeper_ends_a_restore_that_was_killed(site):
    """With a store that stands still, whose volume is half of this and half of that."""
    for step, then in ((5, "then"), (8, "again")):
        site.redis("SET", "when", then)
        beside(site, f"echo {then} >/uploads/when")
        site.run("backup", "now", "local")
        site.redis("SET", "when", "later")
        beside(site, "echo later >/uploads/when; touch /uploads/later")
        assert restored_until(site, step)
        journal = next((site.root / "home").glob("*/local/backups")) / "restore.json"
        assert wait_until(lambda file=journal: not file.exists(), 120, every=0.2, most=1)
        web = site.docker.lines("ps", "-aq", "--filter", f"name={site.name}-local-web-")[0]
        assert wait_until(lambda id=web: site.docker.inspect(id)["State"]["Running"], 120, every=0.2, most=1)
        assert wait_until(lambda: site.redis("PING") == "PONG", 120, every=0.2, most=1)
        assert site.redis("GET", "when") == then
        assert beside(site, "cat /uploads/when; ls /uploads | grep -c later || true") == f"{then}\n0"
