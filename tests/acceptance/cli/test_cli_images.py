"""`fairlead build` and `fairlead push`, against a real engine and a real registry that asks who we are."""

import base64
import json
import subprocess
import urllib.request

import pytest
from tests.registries import HTPASSWD, PASSWORD, between, registry, unique

pytestmark = pytest.mark.real

FILE = """\
name: {name}
registry: {{url: {address}/acme, user: bot, secret: REGISTRY_TOKEN}}
secrets: {{REGISTRY_TOKEN: {{}}}}
secret_backend: environment
services:
  api: {{build: {{context: app, args: {{GREETING: hello}}, tags: ["{address}/acme/extra:edge"]}}, command: serve}}
  worker: {{like: api, command: work}}
  other: {{image: fairlead-test/tiny, command: serve}}
environments:
  local: {{runtime: process}}
  production: {{runtime: docker}}
"""
DOCKERFILE = """\
FROM fairlead-test/tiny
ARG GREETING
RUN echo said $GREETING
COPY main.py /main.py
"""


@pytest.fixture
def project(site, need, docker_engine, tmp_path):
    """A project with one image to build, in a repository of git, and a registry."""
    need("git")
    need("docker-registry")
    name = unique("shop")
    with registry(tmp_path / "registry", HTPASSWD) as address:
        (site.folder / "fairlead.yaml").write_text(FILE.format(name=name, address=address))
        (site.folder / "app" / "Dockerfile").write_text(DOCKERFILE)
        (site.folder / "app" / "main.py").write_text("print(1)\n")
        site.env |= {"REGISTRY_TOKEN": PASSWORD}
        git(site, "init", "-q", "-b", "main")
        commit(site)
        site.name, site.image = name, f"{address}/acme/{name}-api"
        yield site
        docker_engine.remove(name)
        left = docker_engine("images", "--format", "{{.Repository}}:{{.Tag}}", f"{address}/*/*").stdout.split()
        docker_engine("rmi", "--force", *left, check=False)


RUNNING = """\
name: {name}
registry: {{url: {address}/acme, user: bot, secret: REGISTRY_TOKEN}}
secrets: {{REGISTRY_TOKEN: {{}}}}
secret_backend: environment
services:
  web:
    build: {{context: app}}
    command: uvicorn asgi:app --host 0.0.0.0 --port ${{PORT}}
    port: 8000
    health: {{ready: /health, interval: 100ms}}
    routes: ["/"]
    stop: {{drain: 1s, grace: 5s}}
  work: {{image: "{address}/acme/{name}-work:1", command: "sleep 9999", stop: {{grace: 1s}}}}
rollout: {{watch: off, rollback_window: 0s}}
environments:
  staging: {{runtime: docker, edge: {{http: {port}, address: 127.0.0.1}}}}
  production: {{runtime: docker, edge: {{http: {other}, address: 127.0.0.1}}}}
"""


class Way:
    """What the registry does: an answer instead of its own, or None."""

    answer = None

    def __call__(self, *_):
        return self.answer


@pytest.fixture
def running(site, need, docker_engine, tmp_path):
    """A project of two images, one of them in a registry that can be made to misbehave."""
    need("docker-registry")
    site.name, site.way = unique("shop"), Way()
    with registry(tmp_path / "registry", HTPASSWD) as behind, between(behind, site.way) as proxy:
        site.address = proxy.address
        far = f"{proxy.address}/acme/{site.name}-work:1"
        config = ("--config", logged_in(tmp_path / "docker", proxy.address))
        for words in (("tag", "fairlead-test/app", far), (*config, "push", far), ("rmi", far)):
            docker_engine(*words)
        site.env |= {"REGISTRY_TOKEN": PASSWORD}
        text = RUNNING.format(name=site.name, address=proxy.address, port=site.port, other=site.other)
        (site.folder / "fairlead.yaml").write_text(text)
        yield site
        for name in ("staging", "production"):
            site.run("stop", name)
        docker_engine.remove(site.name)
        assert docker_engine.left_of(site.name) == []


def logged_in(folder, address):
    """A folder of docker's, in which we are known to that registry."""
    folder.mkdir()
    auth = base64.b64encode(f"bot:{PASSWORD}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {address: {"auth": auth}}}))
    return folder


def write(site, version):
    (site.folder / "app" / "Dockerfile").write_text(f"FROM fairlead-test/app\nENV VERSION={version}\n")


def done(site, *words, code=0):
    found = site.run(*words)
    assert found.returncode == code, found.stderr
    return found


def answer(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=120) as got:
        return got.read().decode()


@pytest.mark.long
def test_releases_of_images_whatever_the_registry_does(running, docker_engine):
    """Deployed, promoted, refused while the old one serves, and gone back to after its image was removed."""
    site = running
    write(site, 1)
    assert "work  " in done(site, "deploy", "staging", "--plan").stdout
    done(site, "deploy", "staging")
    (pushed,) = images(site, "push", "staging")
    done(site, "promote", "staging", "production", "--yes")
    assert "version 1" in answer(site.other)
    write(site, 2)
    for way, said in ((500, "500 Internal Server Error"), (401, "docker login"), ("cut", "EOF")):
        site.way.answer = way
        found = done(site, "deploy", "staging", code=3)
        assert f"could not look up {site.address}/acme/{site.name}-work:1" in found.stderr and said in found.stderr
        assert "version 1" in answer(site.port)
    site.way.answer = None
    done(site, "deploy", "staging")
    assert "version 2" in answer(site.port)
    done(site, "stop", "production")
    docker_engine("rmi", "--force", pushed["image"])
    del site.env["REGISTRY_TOKEN"]  # neither of these has the project's secrets
    found = done(site, "rollback", "staging")
    assert "was removed from this machine; pulling it again" in found.stderr
    assert "version 1" in answer(site.port)
    docker_engine("rmi", "--force", pushed["image"], check=False)
    done(site, "up", "production")
    assert "version 1" in answer(site.other)


def git(site, *words):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *words], cwd=site.folder, check=True, capture_output=True)


def commit(site):
    git(site, "add", "-A")
    git(site, "commit", "-qm", "x")


def images(site, *words, **how):
    return site.lines(*words, **how)[-1]["images"]


def test_built_once_named_by_the_commit_and_pushed(project, docker_engine):
    git(project, "tag", "v1.4.0")
    (planned,) = images(project, "build", "--plan")
    assert (planned["items"], planned["new"]) == (["api", "worker"], True)
    tags = [name.removeprefix(project.image) for name in planned["names"]]
    assert (
        tags[0].startswith(":sha-") and tags[1:4] == [":v1.4.0", ":main", ":latest"] and tags[4].endswith("extra:edge")
    )
    shown = project.run("build", "production")
    assert shown.returncode == 0 and "api, worker" in shown.stdout and f"{project.image}:latest" in shown.stdout
    assert "said hello" in shown.stderr
    (again,) = images(project, "build")
    assert not again["new"] and again["names"] == planned["names"]
    (pushed,) = images(project, "build", "--push")
    assert pushed["digest"].startswith("sha256:") and pushed["image"] == again["image"]
    docker_engine("rmi", "--force", pushed["image"])
    config = project.root / "docker"
    config.mkdir()
    auth = {"auths": {project.image.partition("/")[0]: {"username": "bot", "password": PASSWORD}}}
    (config / "config.json").write_text(json.dumps(auth))
    login = ["docker", "--config", str(config), "login", "-u", "bot", "--password-stdin", project.image.split("/")[0]]
    subprocess.run(login, input=PASSWORD, text=True, check=True, capture_output=True)
    docker_engine("--config", config, "pull", f"{project.image}@{pushed['digest']}")
    assert docker_engine.inspect(f"{project.image}@{pushed['digest']}")["Id"] == pushed["image"]


def test_what_is_not_committed_gets_no_name_of_a_commit(project):
    (project.folder / "app" / "main.py").write_text("print(2)\n")
    (planned,) = images(project, "build", "--plan")
    assert "-dirty-" in planned["names"][0] and not any(name.endswith(":latest") for name in planned["names"])


def test_what_is_wrong_is_said(project):
    done = project.run("build", "local")
    assert (done.returncode, "local has no image to build" in done.stderr) == (2, True)
    done = project.run("push", "production")
    assert (done.returncode, "production has no live release" in done.stderr) == (1, True)
    done = project.run("build", "--push", REGISTRY_TOKEN="wrong-and-long")
    assert done.returncode == 1 and "docker login 127.0.0.1:" in done.stderr and "wrong-and-long" not in done.stderr
    (project.folder / "app" / "Dockerfile").write_text("FROM fairlead-test/tiny\nRUN echo going; exit 7\n")
    done = project.run("build")
    assert done.returncode == 1 and "building api failed at `" in done.stderr and "going" in done.stderr
    text = (project.folder / "fairlead.yaml").read_text()
    (project.folder / "fairlead.yaml").write_text("\n".join(x for x in text.splitlines() if "registry:" not in x))
    done = project.run("build", "--push")
    assert (done.returncode, "there is no registry to push its image to" in done.stderr) == (3, True)
