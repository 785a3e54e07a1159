"""A service that writes files does something before they are copied and after, and stands still meanwhile."""

import os
import sys
from pathlib import Path

import pytest
from backup_site import Site
from killed_copy import copy_killed

from fairlead.demo.sandbox import free_port
from fairlead.system.clock import wait_until

WRITER = """
import itertools, os, pathlib
open("pid", "w").write(str(os.getpid()))
for n in itertools.count():
    for name in ("a", "z"):
        pathlib.Path("new").write_text(str(n))
        os.replace("new", name)
"""
FILE = """
name: shop
services:
  web: {{command: '{python} writer.py', source: ./app}}
volumes:
  uploads:
    path: {root}/uploads
    backup: {{to: {to}, quiet: {{service: web, before: sh hook.sh before, after: sh hook.sh after, pause: {pause}}}}}
environments:
  local: {{edge: {{http: {port}, address: 127.0.0.1}}}}
"""


class Written(Site):
    """With a service that writes two files in turn, and one between them that takes a while to read."""

    port = free_port()

    def write(self, pause="600s", **_):
        facts = {"root": self.root, "to": self.backups, "python": sys.executable, "pause": pause, "port": self.port}
        (self.root / "fairlead.yaml").write_text(FILE.format(**facts))
        (self.root / "app").mkdir(exist_ok=True)
        (self.root / "app" / "writer.py").write_text(f"import os; os.chdir({str(self.uploads)!r})\n{WRITER}")
        (self.root / "app" / "hook.sh").write_text(f"echo $1 >>{self.root}/hooks\n")

    @property
    def uploads(self):
        return self.root / "uploads"

    def hooks(self):
        return (self.root / "hooks").read_text().split()

    def state(self):
        """Of the process that writes: T is one that stands still."""
        return Path(f"/proc/{(self.uploads / 'pid').read_text()}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture(scope="module")
def site():
    made = Written()
    try:
        made.uploads.mkdir()
        (made.uploads / "m").write_bytes(os.urandom(8 << 20))
        made.run("secrets", "init", "local")
        made.run("deploy", "local", "--yes")
        assert wait_until((made.uploads / "z").exists, 60)
        yield made
    finally:
        made.close()


def test_the_files_are_of_one_moment(site):
    made = site.json("backup", "now", "local")["stores"][0]["backup"]
    assert site.hooks() == ["before", "after"]
    assert site.state() != "T"
    now = (site.uploads / "a").read_text()
    assert wait_until(lambda: (site.uploads / "a").read_text() != now, 60)  # it goes on
    site.run("stop", "local")
    site.run("backup", "restore", "local", made["id"], "--yes")
    first, last = (int((site.uploads / name).read_text()) for name in ("a", "z"))
    assert first - last in (0, 1)
    site.run("up", "local")


def test_a_copy_that_takes_too_long_is_none(site):
    site.write(pause="1ms")
    said = site.run("backup", "now", "local", "uploads", code=1)
    assert "longer than the 0.001 s" in said
    assert site.state() != "T"
    site.write()


def test_who_is_killed_leaves_no_service_behind_that_stands_still(site):
    """The keeper has it go on, in a second or two."""
    before = len(site.hooks())
    copy_killed(site)
    assert wait_until(lambda: len(site.hooks()) == before + 2, 60)
    assert wait_until(lambda: not list((site.root / "home").glob("*/local/backups/*.quiet.json")), 60)
    assert (site.hooks()[before:], site.state() != "T") == (["before", "after"], True)
