"""What is left in containers: by who changed them by hand, and by a version that does not fit. Found, and mended."""

import shlex
import subprocess
import urllib.request

import pytest
from tests.docker_engine import images, unique

from fairlead.supervisor.supervisor import Supervisor
from fairlead.system.clock import wait_until
from fairlead.system.home import Place

pytestmark = pytest.mark.real

FILE = """\
name: {name}
services:
  web:
    image: "{app}"
    pull_policy: never
    command: python3 lean.py 0.0.0.0 ${{PORT}}
    port: 8000
    health: {{ready: /health, interval: 100ms, deadline: 90s}}
    routes: ["/"]
    replicas: 2
    stop: {{drain: 1s, grace: 5s}}
jobs:
  seed: {{like: web, command: "true"}}
stores:
  cache: {{kind: redis, image: "{redis}"}}
  other: {{kind: redis, image: "{redis}"}}
rollout: {{watch: off}}
environments:
  local: {{runtime: docker, edge: {{http: {port}, address: 127.0.0.1}}}}
"""
BUILT = "    build: {context: .}\n    resources: {memory: 48M}\n"
GREEDY = """python3 -c 'held = [bytearray(1 << 20) for _ in range(500)]'"""


@pytest.fixture(scope="module")
def shop(shared, docker_engine):
    site = shared
    name = unique("drift")
    (site.folder / "fairlead.yaml").write_text(FILE.format(name=name, port=site.port, **images()))
    site.name, site.place = name, Place(site.home / name / "local")
    done = site.run("deploy", "local", "--init-secrets")
    assert done.returncode == 0, done.stderr
    yield site
    docker_engine("rm", "--force", f"{name}-stranger", check=False)
    site.run("stop", "local")
    docker_engine.remove(name)
    assert docker_engine.left_of(name) == []


def answers(site):
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=120) as answer:
        return answer.status == 200


def test_what_was_changed_by_hand_is_found_and_mended(shop, docker_engine):
    found = shop.json("drift", "local")
    assert found["deviations"] == [] == found["plan"]

    first, second = (f"{shop.live()}.web.{number}" for number in (1, 2))
    named = {id: f"{shop.name}-local-web-{shop.live()}-{id[-1]}" for id in (first, second)}
    edge, cache = f"{shop.name}-local-edge", f"{shop.name}-local-cache"
    supervisor = Supervisor(shop.place)
    supervisor.end(["keeper"])  # else it starts what is missing itself
    assert wait_until(lambda: supervisor.programs()["keeper"].state == "STOPPED", 60)
    docker_engine("rm", "--force", named[first])
    docker_engine("update", "--pids-limit", "99", named[second])
    docker_engine("stop", "--time", "5", cache)
    docker_engine("update", "--memory", "64m", "--memory-swap", "64m", f"{shop.name}-local-other")
    docker_engine("update", "--pids-limit", "99", f"{edge}-traefik")
    docker_engine("network", "connect", "bridge", edge)
    database = f"{shop.name}-local-database"
    docker_engine("run", "--detach", "--name", f"{shop.name}-stranger", "--network", database,
                  images()["app"], "sleep", "600")  # fmt: skip
    dynamic = shop.place.edge / "config" / "dynamic"
    routes = dynamic / "routes.yml"
    routes.write_text(routes.read_text().replace(str(shop.live()), "by-hand"))
    stray = dynamic / "mine.yml"
    stray.write_text("{}\n")
    stray.chmod(0o644)

    found = shop.json("drift", "local", code=1)
    told = {(one["where"], one["what"]): one["remedy"] for one in found["deviations"]}
    assert told.keys() - {("edge", "traffic")} == {
        ("keeper", "missing"), (first, "missing"), (second, "limit of processes"), ("store cache", "missing"),
        ("store other", "memory limit"), ("door", "networks"), ("traefik", "limit of processes"),
        ("traefik", "somebody else's file"), (f"network {database}", "stranger"), ("edge", "rules"),
    }  # fmt: skip
    assert [(one["kind"], one["id"]) for one in found["plan"]] == [
        ("start", "store cache"), ("start", first), ("replace", second), ("join", "door"), ("replace", "traefik"),
        ("route", "edge"), ("start", "keeper"),
    ]  # fmt: skip

    left = shop.json("drift", "local", "--fix", "--yes", code=1)
    assert "error" not in left, left
    for_a_person = [
        ("store other", "memory limit"),
        ("traefik", "somebody else's file"),
        (f"network {database}", "stranger"),
    ]
    assert {(one["where"], one["what"]) for one in left["deviations"]} == set(for_a_person)
    assert answers(shop)
    stranger = docker_engine.inspect(f"{shop.name}-stranger")
    assert stranger["State"]["Running"] and database in stranger["NetworkSettings"]["Networks"]

    subprocess.run(shlex.split(told[for_a_person[1]]), check=True)
    docker_engine(*shlex.split(told[for_a_person[2]])[1:])
    for command in told[for_a_person[0]].rpartition(": ")[2].split(" && "):
        words = shlex.split(command)
        if words[0] == "docker":
            docker_engine(*words[1:])
        else:
            assert shop.run(*words[1:]).returncode == 0
    assert shop.json("drift", "local")["deviations"] == []
    assert answers(shop)


def test_a_version_that_takes_too_much_memory_is_undone_and_leaves_nothing(shop, docker_engine):
    before, file = shop.live(), shop.folder / "fairlead.yaml"
    (shop.folder / "Dockerfile").write_text(f"FROM {images()['app']}\nLABEL of={shop.name}\n")
    text = file.read_text().replace('    image: "{app}"\n    pull_policy: never\n'.format(**images()), BUILT, 1)
    file.write_text(text.replace("command: python3 lean.py 0.0.0.0 ${PORT}", f"command: {GREEDY}"))
    done = shop.run("deploy", "local", "--yes")
    assert done.returncode == 1 and "out of memory: its limit is 48M (resources.memory)" in done.stderr, done.stderr
    assert shop.live() == before and answers(shop)

    def made():
        return docker_engine.lines("images", "--quiet", "--no-trunc", "--filter", f"label=of={shop.name}")

    (image,) = set(made())
    plan = shop.json("prune", "local", "--plan")
    assert ("image", image) in {(one["kind"], one["name"]) for one in plan["items"]} and plan["removed"] is False
    assert image in made()
    assert shop.json("prune", "local", "--yes")["items"] == plan["items"]
    assert made() == [] and answers(shop)
    assert shop.json("prune", "local", "--plan")["items"] == []
