"""The reference systems without Fairlead: rendered, then started with Debian's docker-compose and nothing else."""

import os
import re
import subprocess
import sys

import pytest
from docker_stack import BASE, Stack, answered
from ruamel.yaml import YAML
from tests.docker_engine import images, own_engine

from fairlead.system.clock import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=150)]
NEEDED = {
    "practice": ["postgres:16", "redis:7.4", "minio/minio:RELEASE.2025-04-22T22-12-26Z", "clamav/clamav:1.4"],
    "lms": ["postgres:17", "redis:8"],
    "alerts": ["postgres:15", "redis:8"],
}

READY = {"alerts": "/rest/v1/alerts"}


@pytest.mark.parametrize("name", NEEDED)
def test_it_comes_up_and_passes_its_own_tests(name, docker_engine, tmp_path, need):
    if os.geteuid() != 0:
        pytest.skip("only root may start an engine")  # CI is root
    need("openssl")
    composed = Composed(Stack(tmp_path, name), need("docker-compose"))
    try:
        composed.run("build")  # by this machine's engine, which reaches the package indexes
        with own_engine(images=[images()["traefik"], *NEEDED[name], *composed.built()]) as engine, engine.inside():
            composed.host = engine.host
            composed.run("up", "--detach", "--no-build")
            ready = wait_until(lambda: answered(READY.get(name, "/api/health/ready")), 300, every=1, most=3)
            assert ready, composed.run("logs", "--tail", "20")
            argv = [sys.executable, composed.stack.folder / "tests" / "smoke.py", BASE]
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
            assert done.returncode == 0, done.stdout + done.stderr
            composed.run("down", "--volumes", "--timeout", "1")
    finally:
        docker_engine("rmi", "--force", *composed.built(), check=False)


class Composed:
    """What is rendered of an example, and docker-compose; the engine of `host`, or this machine's."""

    def __init__(self, stack, program):
        stack.fairlead("render", "development")
        (file,) = stack.folder.glob("rendered/*/compose.yaml")
        secrets = stack.home / "composed"
        self.stack, self.host = stack, ""
        self.env = {**os.environ, "FAIRLEAD_SECRETS": str(secrets)}
        subprocess.run(["sh", file.parent / "secrets.sh"], env=self.env, check=True, capture_output=True)
        older = file.with_name("older.yaml")  # 1.29 has no `name`
        older.write_text(re.sub("(?m)^name: .*\n", "", file.read_text()))
        self.services = YAML(typ="safe", pure=True).load(older.read_text())["services"]
        self.argv = [program, "--project-name", stack.project, "--env-file", secrets / "compose.env", "-f", older]

    def built(self):
        """The names of its own images."""
        own = {name: one for name, one in self.services.items() if "build" in one}
        return sorted({one.get("image") or f"{self.stack.project}_{name}" for name, one in own.items()})

    def run(self, *words):
        """What it says to that."""
        env = self.env | ({"DOCKER_HOST": self.host} if self.host else {})
        ran = subprocess.run([*self.argv, *words], env=env, capture_output=True, text=True, check=False, timeout=900)
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
        return ran.stdout
