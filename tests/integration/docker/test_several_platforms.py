"""One name for several platforms: built one by one, and a real registry told that they are one."""

import pytest
from tests.registries import HTPASSWD, PASSWORD, registry, unique

from fairlead.errors import Refused
from fairlead.operations.checks import images as checks
from fairlead.operations.images import image_store, logins
from fairlead.operations.images_of import Options, build
from fairlead.operations.made import make_images
from fairlead.operations.secrets.supply import Supply
from fairlead.project.image_name import ImageName
from fairlead.project.project import parse_project
from fairlead.system import machine
from fairlead.system.home import Place

FILE = """\
name: {name}
registry: {{url: {address}/acme, user: bot, secret: REGISTRY_TOKEN}}
secrets: {{REGISTRY_TOKEN: {{}}}}
secret_backend: {{kind: environment}}
services:
  api: {{build: {{context: app, platforms: [linux/amd64, linux/arm64]}}, command: serve}}
environments: {{production: {{runtime: docker}}}}
"""
COPIED = "FROM scratch\nCOPY Dockerfile /\n"


@pytest.fixture
def project(docker_engine, tmp_path, need, monkeypatch):
    need("docker-registry")
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text(COPIED)
    name = unique("several")
    monkeypatch.setenv("REGISTRY_TOKEN", PASSWORD)
    with registry(tmp_path / "registry", HTPASSWD) as address:
        yield parse_project(FILE.format(name=name, address=address), tmp_path)
        docker_engine.remove(name)


def supply(project):
    return Supply(project.outline("production"), project.root, Place.of(project.name, "production"))


def quiet(text):
    """Nobody listens."""


def test_each_machine_gets_its_own_of_one_name(project, docker_engine):
    (row,) = build(project, "production", Options(push=True))
    assert set(row.platforms) == {"linux/amd64", "linux/arm64"} and row.image in row.platforms.values()
    name = ImageName.parse(row.names[0])
    here = supply(project)
    (check,) = [one for one in checks.examine(here) if one.text.startswith("api")]
    assert check.result == "ok"
    assert make_images(here, quiet).images["api"] == name.at(row.digest), "a release names the list"

    images = image_store(here.place, logins(here)).images
    found = images.look_up(name, quiet)
    assert (found.digest, set(found.platforms)) == (row.digest, set(row.platforms))
    for id in row.platforms.values():
        docker_engine("rmi", "--force", id)
    for platform, id in row.platforms.items():
        images.pull(name, row.digest, platform, quiet)
        facts = docker_engine.inspect(name.at(row.digest))
        assert (facts["Id"], f"{facts['Os']}/{facts['Architecture']}") == (id, platform)
        docker_engine("rmi", "--force", id)


def test_what_this_machine_cannot_build_is_said_before_anything_is_built(project, monkeypatch, docker_engine):
    (project.root / "app" / "Dockerfile").write_text("FROM scratch\nRUN make\n")
    monkeypatch.setattr(machine, "BINARY_FORMATS", project.root)
    with pytest.raises(Refused, match=r"api: linux/\w+ cannot be built on this machine: Dockerfile:2 runs a program"):
        build(project, "production", Options(push=True))
    assert [] == docker_engine.lines("images", "-q", f"fairlead.invalid/*/{project.name}")
