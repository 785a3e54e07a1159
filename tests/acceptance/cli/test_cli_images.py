"""`fairlead build` and `fairlead push`, against a real engine and a real registry that asks who we are."""

import json
import subprocess

import pytest
from tests.registries import HTPASSWD, PASSWORD, registry, unique

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
