"""An example on a Docker engine of its own, in that engine's network: it stands there as it is written, port and all.

Only its name and those of its images are others. Images are built by this machine's engine, which reaches the package
indexes and keeps their layers, and brought over: the engine of the test reaches nothing.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tests.docker_engine import DockerEngine, images, own_engine, unique

from fairlead.system.clock import wait_until

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
BASE = "http://localhost:8080"
TEAMS = ("ghcr.io/acme", "registry.example.com/practice")  #: where examples say that their own images are
PATIENCE = 180  # seconds, on a machine that has other things to do


class Stack:
    """One example, in a folder of its own."""

    def __init__(self, folder, name):
        self.project, self.engine = unique(name), None
        self.folder, self.home = folder / name, folder / "home"
        shutil.copytree(EXAMPLES / name, self.folder)
        file = self.folder / "fairlead.yaml"
        text = re.sub(rf"(?m)^name: {name}$", f"name: {self.project}", file.read_text("utf-8"))
        for registry in TEAMS:  # so that what is built is called as nothing else is, and is removed by that
            text = text.replace(f"image: {registry}/", f"image: {self.project}-images/")
        file.write_text(text, "utf-8")

    def fairlead(self, *words, check=True):
        """The installed program; the code has to be 0."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = os.environ | {"FAIRLEAD_HOME": str(self.home), "HOME": str(self.home), "PATH": path, "NO_COLOR": "1"}
        env |= {"DOCKER_HOST": self.engine.host} if self.engine else {}
        done = subprocess.run(
            ["fairlead", *words], cwd=self.folder, env=env, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0 or not check, (
            f"fairlead {' '.join(words)}\n{done.stdout[-6000:]}{done.stderr[-6000:]}"
        )
        return done.stdout

    def problems(self):
        """What `status` says is wrong; with why it cannot be told."""
        said = self.fairlead("status", "development", "--json", check=False)
        try:
            (one,) = json.loads(said)["environments"]
        except (ValueError, KeyError):
            return [said]
        return one["problems"]

    def containers(self):
        """The names of all that run."""
        mine = f"label=dev.fairlead.project={self.project}"
        return sorted(self.engine.lines("ps", "--format", "{{.Names}}", "--filter", mine))

    def inspected(self):
        """What the engine says of each of them, by the name of the service, the store or the part of the edge."""
        begins = f"{self.project}-development-"
        found = map(self.engine.inspect, self.containers())
        named = ((one["Config"]["Labels"].get("dev.fairlead.service"), one) for one in found)
        return {name or one["Name"].removeprefix(f"/{begins}"): one for name, one in named}

    def come_back(self, path):
        """Returns when nothing is wrong with it, and `path` is answered."""
        assert wait_until(lambda: answered(path), PATIENCE, every=0.5, most=1), (path, self.problems())
        assert wait_until(lambda: self.problems() == [], PATIENCE, every=1, most=3), self.problems()


def answered(path):
    try:
        return urlopen(BASE + path, timeout=10).status == 200
    except (URLError, OSError):
        return False


def fetched(path, data=None, token=None):
    """The body of what is answered. The edge bounds how much is asked in a second: who has to wait, waits."""
    body = json.dumps(data).encode() if data else None
    headers = {"Content-Type": "application/json"} if data else {}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    found = []

    def tried():
        try:
            with urlopen(Request(BASE + path, body, headers), timeout=60) as answer:
                found.append(answer.read())
        except HTTPError as error:
            if error.code != 429:
                raise
        return found != []

    assert wait_until(tried, 60, every=0.5, most=1)
    return found[0]


def asked(path, data=None, token=None):
    """The same, as data."""
    return json.loads(fetched(path, data, token))


@contextmanager
def on_an_engine_of_its_own(stack, needed):
    """`needed` are the images that it does not build."""
    machine = DockerEngine()
    try:
        stack.fairlead("build", "development")
        built = machine.found(stack.project)["image"]
        with own_engine(images=[images()["traefik"], *needed, *built]) as engine:
            stack.engine = engine
            with engine.inside():
                try:
                    yield engine
                finally:
                    stack.fairlead("stop", "development", check=False)
    finally:
        machine.remove(stack.project)
