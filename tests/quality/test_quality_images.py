"""The images of tests/images start and do what those they stand for do, and scripts/docker makes nothing twice."""

import subprocess

import pytest
from repository import ROOT
from tests.docker_engine import images


@pytest.fixture
def output(docker_engine):
    """What a container prints that ends by itself."""
    return lambda image, *words: docker_engine("run", "--rm", images()[image], *words).stdout


def test_what_is_there_is_not_made_again(docker_engine):
    before = docker_engine.lines("image", "inspect", *images().values(), "--format", "{{.Id}}")
    done = subprocess.run([ROOT / "scripts" / "docker"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert docker_engine.lines("image", "inspect", *images().values(), "--format", "{{.Id}}") == before


def test_debian_is_debian(output):
    assert output("debian", "cat", "/etc/debian_version").startswith("12.")


def test_tiny_has_a_shell_and_no_root(output):
    assert output("tiny", "sh", "-c", "echo $(busybox id -u)") == "65534\n"


@pytest.mark.parametrize("words", [["version"], ["traefik", "version"]])
def test_traefik_is_started_as_in_the_official_image(output, words):
    version = images()["traefik"].partition(":v")[2]
    assert f"Version:      {version}." in output("traefik", *words)


def test_traefik_has_a_userland(output):
    assert output("traefik", "sh", "-c", "sleep 0 && echo slept") == "slept\n"


@pytest.mark.parametrize(("image", "user"), [("app", "10001"), ("root", "0")])
def test_applications_run_as_declared(output, image, user):
    words = ["python", "-c", "import asgi, wsgi, tokens, os, psycopg; print(os.getuid())"]
    assert output(image, *words) == f"{user}\n"
