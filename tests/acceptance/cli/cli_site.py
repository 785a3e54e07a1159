"""A small project in a folder of its own, and the installed program to act on it."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from tests.commands import python
from tests.warm import as_text, fairlead

from fairlead.demo.sandbox import free_port

APPS = Path(__file__).parents[2] / "apps"
FAIRLEAD = Path(sys.executable).with_name("fairlead")
SERVE = python("lean.py 127.0.0.1 ${PORT}")
BROKEN = ("${PORT}", "${PORT} nothing")  #: exchange these in its file, and the service ends at once
WHY = "No module named 'nothing'"  #: so it says
TEST = python("-c print(40+2)")

FILE = """\
name: shop
services:
  web:
    source: ./app
    command: {serve}
    port: 8000
    health: {{ready: /health, interval: 100ms, deadline: 90s}}
    routes: ["/"]
    replicas: {replicas}
    env: {{VERSION: "{version}", START_DELAY: "{delay}", TALK: "1"}}
    stop: {{drain: 1s, grace: 5s}}
tests: [{test}]
smoke: [{{path: /, contains: version {version}}}]
rollout: {{watch: off}}
environments:
  local: {{runtime: process, edge: {{http: {port}, address: 127.0.0.1}}}}
  next: {{runtime: process, edge: {{http: {other}, address: 127.0.0.1}}}}
"""


class Site:
    def __init__(self, root):
        self.root = root
        self.folder = root / "shop"
        self.home = root / "home"
        self.port, self.other = free_port(), free_port()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITHUB"))}
        self.env |= {"FAIRLEAD_HOME": str(self.home), "COLUMNS": "120", "TERM": "xterm"}
        self.clean()

    def clean(self):
        """The project as it was at first, whatever was put beside it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "app").mkdir(parents=True)
        shutil.copy(APPS / "lean.py", self.folder / "app")
        self.write()

    def write(self, version="1", replicas=1, delay="0"):
        values = {"serve": SERVE, "test": TEST, "port": self.port, "other": self.other}
        text = FILE.format(version=version, replicas=replicas, delay=delay, **values)
        (self.folder / "fairlead.yaml").write_text(text)

    def call(self, *arguments, cwd=None, stdin=b"", **env):
        """One command, what it says in bytes."""
        return fairlead.run([FAIRLEAD, *arguments], cwd=cwd or self.folder, env=self.env | env, stdin=stdin)

    def run(self, *arguments, cwd=None, **env):
        return as_text(self.call(*arguments, cwd=cwd, **env))

    def json(self, *arguments, code=0):
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def lines(self, *arguments, code=0):
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, *arguments):
        """The installed program, to be read from and ended."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            [FAIRLEAD, *arguments],
            cwd=self.folder,
            env=self.env,
            **options,
        )

    def live(self, environment="local"):
        found = self.json("status", environment)["environments"][0]
        return found["live"]["release"] if found["live"] else None

    def close(self):
        for environment in ("local", "next"):
            if (self.home / "shop" / environment / "ledger.db").exists():
                self.write()
                done = self.run("stop", environment, "--wait", "60")
                assert done.returncode == 0, done.stderr


def await_line(process, name, text, seconds=300):
    """Read lines of its "stdout" or "stderr" until one has `text`; returns all of them. One that is silent is ended."""
    seen, watchdog = [], threading.Timer(seconds, process.kill)
    watchdog.start()
    try:
        for line in getattr(process, name):
            seen.append(line)
            if text in line:
                return seen
    finally:
        watchdog.cancel()
    more = process.stderr.read() if name == "stdout" else ""
    raise AssertionError(f"{text!r} was never said, it ended with {process.wait()}:\n{''.join(seen)}{more}")


def gated(site):
    """A preparation that says `built here`, then waits for a file."""
    gate = site.root / "gate"
    code = f"import os,time; print(1); [time.sleep(0.05) for _ in iter(lambda: os.path.exists({str(gate)!r}), True)]"
    (site.root / "wait.py").write_text(code)
    path = site.folder / "fairlead.yaml"
    prepare = f"    prepare: {{run: [{python(str(site.root / 'wait.py'))}]}}\n"
    path.write_text(path.read_text().replace("    port: 8000\n", f"    port: 8000\n{prepare}"))
    return gate


def phases(site):
    """A moment long they are "starting", though they answer."""
    return {one["phase"] for one in site.json("status", "local")["environments"][0]["instances"]}


def held(site):
    """Who has the environment: the keeper has, for a moment, when something has just changed."""
    return site.json("status", "local")["environments"][0]["holder"]
