"""What tests of Docker rely on: nothing of a project stays, and an engine of our own may be restarted and killed."""

import os
import signal
import socket
import subprocess

import pytest
from tests.docker_engine import images, is_of, own_engine

from fairlead.system.clock import wait_until

LISTEN = "while true; do echo served | busybox nc -l -p 7000; done"


@pytest.mark.parametrize(
    ("name", "is_its"),
    [
        ("shop-1a", True), ("shop-1a-web-1", True), ("127.0.0.1:5000/shop-1a:v1", True), ("shop-1a_default", True),
        ("shop-1ab", False), ("my-shop-1a", False), ("debian:12-slim", False),
    ],
)  # fmt: skip
def test_what_is_of_a_project(name, is_its):
    assert is_of("shop-1a", name) is is_its


def test_nothing_of_a_project_is_left(docker_engine, docker_project):
    label = ["--label", f"dev.fairlead.project={docker_project}"]
    docker_engine("network", "create", f"{docker_project}-backend")
    docker_engine("volume", "create", *label, f"named-otherwise-{docker_project}")
    docker_engine("run", "--detach", "--network", f"{docker_project}-backend", "--name", f"{docker_project}-web",
                  images()["tiny"], "sh", "-c", LISTEN)  # fmt: skip
    docker_engine("commit", f"{docker_project}-web", f"{docker_project}:v1")
    assert docker_engine.left_of(docker_project) == [
        f"container {docker_project}-web", f"network {docker_project}-backend",
        f"volume named-otherwise-{docker_project}", f"image {docker_project}:v1",
    ]  # fmt: skip
    docker_engine.remove(docker_project)
    assert docker_engine.left_of(docker_project) == []


@pytest.fixture
def own(docker_engine):
    if os.geteuid() != 0:
        pytest.skip("only root may start an engine")  # CI is root
    with own_engine("--live-restore", images=[images()["tiny"]]) as engine:
        yield engine
    assert not engine.folder.exists()
    assert engine.namespace not in subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout


def served(address):
    """What answers there; each connection is a new one."""
    found = []

    def asked():
        try:
            with socket.create_connection(address, 5) as connection:
                found.append(connection.recv(100))
        except OSError:
            return False
        return found[-1] != b""

    assert wait_until(asked, 120)
    return found[-1]


def test_an_engine_of_our_own_is_restarted_and_killed(own, docker_engine):
    own("run", "--detach", "--init", "--name", "listens", "--publish", "127.0.0.1:7070:7000", images()["tiny"],
        "sh", "-c", LISTEN)  # fmt: skip
    with own.inside():
        assert served(("127.0.0.1", 7070)) == b"served\n"
    started = own.inspect("listens")["State"]["StartedAt"]
    for number in (signal.SIGTERM, signal.SIGKILL):
        own.restart(number)
        assert own.inspect("listens")["State"]["StartedAt"] == started  # --live-restore
    assert docker_engine.inspect("listens") is None
