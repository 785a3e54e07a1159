"""From a project to the images of a release: foreseen, had, examined, pushed, and had again."""

import subprocess

import pytest
from tests.registries import registry, unique

from fairlead.artifacts import Release, ReleaseStore
from fairlead.errors import Refused
from fairlead.ledger import Ledger
from fairlead.operations.build import NEW, built, predict
from fairlead.operations.checks import images as checks
from fairlead.operations.forecast import _build
from fairlead.operations.images import image_store
from fairlead.operations.images_of import push
from fairlead.operations.made import make_images
from fairlead.operations.secrets.supply import Supply
from fairlead.project.project import parse_project
from fairlead.rollout.state import COMMITTED
from fairlead.system.home import Place

FILE = """\
name: {name}
registry: {address}/acme
variables: {{TAG: "1"}}
services:
  api: {{build: {{context: app, args: {{WHAT: "${{TAG}}"}}{more}}}, command: serve}}
  near: {{image: fairlead-test/tiny, command: serve}}
  far: {{image: "{address}/acme/{name}-far:${{TAG}}", command: serve}}
jobs: {{seed: {{like: api, command: seed}}}}
environments: {{production: {{runtime: docker}}}}
"""


@pytest.fixture
def supply(docker_engine, tmp_path, need, monkeypatch):
    """Of a project with an image that is here, one that a registry has, and one to be built."""
    need("docker-registry")
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    name = unique("shop")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM fairlead-test/tiny\nARG WHAT\nLABEL what=$WHAT\n")
    with registry(tmp_path / "registry") as address:
        far = f"{address}/acme/{name}-far:1"
        docker_engine("build", "-q", "-t", far, "-", stdin=_dockerfile(tmp_path, name))
        docker_engine("push", far)
        docker_engine("rmi", far)
        yield made(tmp_path, name, address)
        docker_engine.remove(name)


def _dockerfile(folder, name):
    file = folder / "far"
    file.write_text(f"FROM fairlead-test/tiny\nLABEL made={name}\n")
    return file.open()


def made(folder, name, address, more=""):
    project = parse_project(FILE.format(name=name, address=address, more=more), folder)
    one = Supply(project.outline("production"), folder, Place.of(name, "production"))
    one.place.create()
    object.__setattr__(one, "project", project)
    object.__setattr__(one, "address", address)
    return one


def quiet(text):
    """Nobody listens."""


def test_foreseen_had_and_had_again(supply, docker_engine):
    foreseen = predict(None, supply)
    assert foreseen.id == NEW
    checked = [check.text for check in checks.examine(supply)]
    assert [text for text in checked if "is to be" in text] == [checked[1], checked[2]]
    rows = {item.name: _build(supply.place, item, foreseen) for item in built(supply.stack)}
    assert {name: (row.needed, row.how) for name, row in rows.items()} == {
        "api": (True, "built"), "near": (False, "pulled"), "far": (True, "pulled"), "seed": (True, "built"),
    }  # fmt: skip
    images = make_images(supply, quiet)
    assert set(images.artifacts) == {"api", "near", "far", "seed"}
    assert images.artifacts["seed"] == images.artifacts["api"] and images.images["near"] == "fairlead-test/tiny"
    assert docker_engine.inspect(images.artifacts["api"])["Config"]["Labels"]["what"] == "1"
    assert predict(None, supply).id != NEW
    assert all(check.result == "ok" and "is to be" not in check.text for check in checks.examine(supply))
    release = keep(supply, images)
    pinned = release.pinned()
    docker_engine("rmi", "--force", images.artifacts["far"])
    image_store(supply.place).ensure(pinned, quiet)
    assert docker_engine.inspect(images.artifacts["far"])


def keep(supply, images):
    """As a deployment would."""
    release = Release.of(supply.stack, images.artifacts, {}, images=images.images)
    ReleaseStore(supply.place.releases).save(release)
    with Ledger.open(supply.place.ledger) as ledger:
        ledger.append(COMMITTED, {"release": release.id, "previous": None, "warm": []})
    return release


def test_what_was_pushed_can_be_had_again(supply, docker_engine):
    images = make_images(supply, quiet)
    release = keep(supply, images)
    assert release.images["api"] == ""  # no registry has it
    (pushed,) = push(supply.project, "production")
    assert pushed.items == ("api", "seed") and not pushed.new
    after = ReleaseStore(supply.place.releases).load(release.id)
    assert after.images["api"] == f"{supply.address}/acme/{supply.stack.project}-api@{pushed.digest}"
    subprocess.run(["docker", "rmi", "--force", pushed.image], check=True, capture_output=True)
    image_store(supply.place).ensure(after.pinned(), quiet)
    assert docker_engine.inspect(pushed.image)


def test_an_image_that_is_made_for_others(supply, tmp_path):
    other = made(tmp_path, supply.stack.project, supply.address, ", platforms: [linux/s390x]")
    failed = [check for check in checks.examine(other) if check.result == "failed"]
    assert next(check.text for check in failed).startswith(
        "api: it is built for linux/s390x, and it is to run on linux/"
    )
    with pytest.raises(Refused, match="is built for linux/s390x"):
        make_images(other, quiet)
