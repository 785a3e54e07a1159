"""How containers are deployed without Fairlead: Compose, Swarm, and a script around nginx.

Each is a setting of `loaded.under_load`, on the image of the sample application of the tests, two replicas each.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from loaded import HAND_MADE, Deploy
from nginx import configure
from tests.docker_engine import DockerEngine, images, own_engine, unique

from fairlead.demo.sandbox import free_port
from fairlead.system.clock import wait_until

ALIVE = "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health', timeout=2)"
WAIT = 120  #: seconds


def compose(command: str) -> Iterator[tuple[str, Deploy]]:
    """`docker-compose up -d`: it recreates the containers of the application, the edge stays."""
    name, port = unique("bench-compose"), free_port()
    with temporary_folder() as folder:
        for file in ("compose.yaml", "edge.yaml"):
            shutil.copy(HAND_MADE / file, folder)
        given = {"EDGE": images()["traefik"], "IMAGE": images()["app"], "COMMAND": command, "PORT": str(port)}
        base = ["docker-compose", "--project-name", name, "--file", str(folder / "compose.yaml")]

        def run(*words: str, version: int = 0) -> None:
            environment = {**os.environ, **given, "VERSION": str(version)}
            subprocess.run([*base, *words], env=environment, check=True, capture_output=True)

        def deploy(version: int) -> None:
            run("up", "-d", "--scale", "web=2", version=version)
            if version == 0:
                answers(f"http://127.0.0.1:{port}")

        try:
            yield f"http://127.0.0.1:{port}", deploy
        finally:
            run("down", "--volumes", "--timeout", "1")


def nginx_script(command: str) -> Iterator[tuple[str, Deploy]]:
    """`handmade/containers.sh`: two slots of containers, `nginx -s reload` between them."""
    name = unique("bench-nginx")
    port, *slots = (free_port() for _ in range(5))
    with temporary_folder() as folder:
        configure(folder, port)

        def deploy(version: int) -> None:
            arguments = [folder, name, images()["app"], command, version, *slots]
            subprocess.run([HAND_MADE / "containers.sh", *map(str, arguments)], check=True)

        try:
            yield f"http://127.0.0.1:{port}", deploy
        finally:
            DockerEngine().remove(name)
            with suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int((folder / "nginx.pid").read_text()), signal.SIGTERM)
            time.sleep(1)  # nginx writes to its folder until the end


def swarm(command: str) -> Iterator[tuple[str, Deploy]]:
    """`docker service update --update-order start-first`, behind Traefik, which asks Swarm for the tasks.

    An engine of its own: being in a swarm or not is a matter of a whole engine. Swarm's own ingress needs IP_VS, which
    a kernel may lack, so names are resolved by DNS (`--endpoint-mode dnsrr`) and only the edge has a published port.
    """
    with own_engine(images=[images()["traefik"], images()["app"]]) as engine, engine.inside():
        engine("swarm", "init", "--advertise-addr", "127.0.0.1")
        engine("network", "create", "--driver", "overlay", "inner")
        engine(
            "service", "create", "--name", "edge", "--network", "inner", "--no-resolve-image",
            "--publish", "mode=host,published=8080,target=8080",
            "--mount", f"type=bind,source={engine.folder}/s,target=/var/run/docker.sock", images()["traefik"],
            "--entrypoints.web.address=:8080", "--providers.swarm.refreshSeconds=1",
        )  # fmt: skip

        def deploy(version: int) -> None:
            setting = f"VERSION={version}"
            if version:
                engine("service", "update", "--update-order", "start-first", "--env-add", setting,
                       "--no-resolve-image", "web", timeout=600)  # fmt: skip
                return
            labels = {
                "enable": "true", "http.routers.web.rule": "PathPrefix(`/`)",
                "http.services.web.loadbalancer.server.port": "8000",
            }  # fmt: skip
            engine(
                "service", "create", "--name", "web", "--network", "inner", "--endpoint-mode", "dnsrr",
                "--replicas", 2, "--init", "--env", setting, "--stop-grace-period", "30s", "--no-resolve-image",
                *(f"--label=traefik.{key}={value}" for key, value in labels.items()),
                "--health-cmd", f'python -c "{ALIVE}"', "--health-interval", "1s", images()["app"], *command.split(),
            )  # fmt: skip
            answers("http://127.0.0.1:8080")

        yield "http://127.0.0.1:8080", deploy


def answers(url: str) -> None:
    """Returns when the application does, ten times in a row; SystemExit when it never does."""

    def asked() -> bool:
        try:
            return all(httpx.get(f"{url}/health").status_code == 200 for _ in range(10))
        except httpx.HTTPError:
            return False

    if not wait_until(asked, WAIT):
        raise SystemExit(f"{url} does not answer")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
