"""What runs: used, listened on, entered, and compared with what was deployed."""

import json
import signal
import urllib.request

import pytest
from cli_site import phases

from fairlead.supervisor.supervisor import Supervisor
from fairlead.system import processes
from fairlead.system.clock import wait_until
from fairlead.system.home import Place

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def shop(shared):
    """Version 1 is live in `local`, as the only one; tests that share it leave it as it was. `standing` is the same."""
    assert shared.run("deploy", "local").returncode == 0
    assert wait_until(lambda: phases(shared) == {"running"}, 120, 0.2)
    return shared


def live(shop):
    return f"{shop.live()}.web.1"


def test_what_each_instance_uses(shop):
    found = {one["id"]: one for one in shop.json("ps", "local")["instances"]}
    mine = found[live(shop)]
    assert mine["processes"] >= 1 and mine["memory"] > 1 << 20 and mine["cpu"] > 0 and mine["limit"] is None
    assert live(shop) in shop.run("ps", "local").stdout


def test_ports_as_declared_and_as_they_are(shop):
    found = shop.json("ports", "local")["ports"]
    edge = next(one for one in found if one["who"] == "edge")
    assert (edge["port"], edge["declared"], edge["v4"], edge["v6"]) == (shop.port, "127.0.0.1", ["127.0.0.1"], [])
    mine = next(one for one in found if one["who"] == live(shop))
    assert mine["v4"] == ["127.0.0.1"] and mine["ok"]
    assert all(one["ok"] for one in found)


def test_a_command_beside_an_instance(shop):
    done = shop.run("exec", "local", "web", "--", "sh", "-c", "pwd; echo $VERSION; exit 7")
    assert done.returncode == 7
    folder, version = done.stdout.split()
    assert version == "1" and folder.startswith(str(shop.home / "shop" / "artifacts"))
    entry = shop.json("ledger", "show", "local", "--limit", "1")["entries"][0]
    assert (entry["kind"], entry["data"]["instance"], entry["data"]["program"]) == (
        "instance.entered",
        live(shop),
        "sh",
    )
    assert "VERSION" not in json.dumps(entry)
    wrong = shop.run("exec", "local", "webb", "--", "true")
    assert wrong.returncode == 2 and 'did you mean "web"?' in wrong.stderr
    none = shop.run("exec", "local", "web", "--instance", "9", "--", "true")
    assert none.returncode == 1 and "does not run" in none.stderr
    assert shop.run("shell", "local", "web").returncode == 0  # its input is at its end


def test_what_runs_as_deployed_has_no_drift(shop):
    found = shop.json("drift", "local")
    assert found["drifted"] is False and found["deviations"] == found["plan"] == []
    assert "runs as it was deployed" in shop.run("drift", "local").stdout


def test_what_was_changed_by_hand_is_found_and_mended(standing):
    id = f"{standing.live()}.web.1"
    place = Place(standing.home / "shop" / "local")
    spec = place.instances / id / "spec.json"
    data = json.loads(spec.read_text())
    spec.write_text(json.dumps(data | {"env": data["env"] | {"VERSION": "by hand"}}))
    first = pid(standing)
    processes.signal_group(first, signal.SIGKILL)  # the supervisor starts what the file says now
    assert wait_until(lambda: answers(standing) == "version by hand", 240)
    found = standing.json("drift", "local", code=1)
    assert {one["what"] for one in found["deviations"]} == {"environment", "environment of the process"}
    assert "by hand" not in json.dumps(found) and found["plan"] == [{"kind": "replace", "id": id}]
    done = standing.run("drift", "local", "--fix", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert answers(standing) == "version 1" and standing.json("drift", "local")["drifted"] is False
    assert [one["id"] for one in standing.json("ps", "local")["instances"]] == [id]


def test_what_is_missing_is_started_again(standing):
    place = Place(standing.home / "shop" / "local")
    Supervisor(place).end(["keeper"])
    id = f"{standing.live()}.web.1"
    Supervisor(place).end([id])
    assert wait_until(lambda: standing.json("ps", "local")["instances"][0]["phase"] == "stopped", 240)
    found = standing.json("drift", "local", code=1)
    assert found["plan"] == [{"kind": "start", "id": name} for name in (id, "keeper")]
    assert standing.run("drift", "local", "--fix", "--yes").returncode == 0
    assert answers(standing) == "version 1"


def test_a_port_that_is_reached_past_the_edge_is_found(standing):
    path = standing.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace("lean.py 127.0.0.1", "lean.py 0.0.0.0"))
    assert standing.run("deploy", "local").returncode == 0
    done = standing.run("ports", "local")
    assert done.returncode == 1 and "reached past the edge at 0.0.0.0" in done.stdout


def answers(site):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=120) as answer:
            return answer.read().decode().strip()
    except OSError as error:
        return str(error)


def pid(site):
    return site.json("ps", "local")["instances"][0]["pid"]


def test_what_nothing_needs_goes_and_nothing_else(site):
    for version in ("1", "2", "3"):
        site.write(version)
        path = site.folder / "fairlead.yaml"
        path.write_text(path.read_text().replace("watch: off", "watch: off, rollback_window: 0s"))  # none stays warm
        assert site.run("deploy", "local", "--strategy", "rolling").returncode == 0
    assert wait_until(
        lambda: {one["id"].split(".")[0] for one in site.json("ps", "local")["instances"]} == {site.live()}, 60
    )
    kept = {one["id"] for one in site.json("releases", "local")["releases"]}
    plan = site.json("prune", "local", "--plan", "--keep", "0")
    assert {one["id"] for one in site.json("releases", "local")["releases"]} == kept
    releases = {one["name"] for one in plan["items"] if one["kind"] == "release"}
    done = site.json("prune", "local", "--keep", "0", "--yes")
    assert done["items"] == plan["items"] and len(releases) == 1
    assert {one["id"] for one in site.json("releases", "local")["releases"]} == kept - releases
    assert "nothing is unneeded" in site.run("prune", "local", "--keep", "0", "--yes").stdout
    assert answers(site) == "version 3"


def running(site):
    return {one["id"].partition(".")[0] for one in site.json("ps", "local")["instances"]}
