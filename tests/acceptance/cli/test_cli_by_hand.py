"""What people say to a rollout: one that waits for them, and one that somebody else carries."""

import json
import shutil
import tempfile
import urllib.request
from pathlib import Path

import pytest
from cli_site import Site, await_line

pytestmark = pytest.mark.real

ROLLOUT = """\
rollout:
  strategy: canary
  steps: {steps}
  judge: {{promote: {{errors_below: 50%}}, probes: {probes}, hold_for: {hold}}}
  watch: off
"""
GATE = "[{weight: 30, for: 2s, pause: approve}, {weight: 60, for: 300ms}]"
LONG = "[{weight: 30, for: 300ms}, {weight: 60, for: 20m}]"


@pytest.fixture(scope="module")
def shop():
    """Version 1 is live in `local`; what a test begins it ends."""
    root = Path(tempfile.mkdtemp(prefix="fl-"))  # short: a socket's path is
    site = Site(root)
    try:
        write(site, "1", GATE)
        done = site.run("deploy", "local")
        assert done.returncode == 0, done.stderr
        yield site
    finally:
        site.close()
        shutil.rmtree(root, ignore_errors=True)


def write(site, version, steps, probes="20/s", hold="1m"):
    site.write(version)
    path = site.folder / "fairlead.yaml"
    rollout = ROLLOUT.format(steps=steps, probes=probes, hold=hold)
    path.write_text(path.read_text().replace("rollout: {watch: off}\n", rollout))


def status(site):
    return site.json("status", "local")["environments"][0]


def answer(site, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{site.port}/", headers=headers or {})
    with urllib.request.urlopen(request, timeout=120) as response:
        return response.read().decode()


def test_a_release_that_waits_is_approved(shop):
    write(shop, "2", GATE)
    done = shop.run("deploy", "local", "--no-wait")
    assert done.returncode == 5, done.stderr
    assert "\nwaiting: rollout 2: " in done.stderr and "waits for a person to approve it" in done.stderr
    assert "stays with 30 % of the requests" in done.stderr and "`fairlead approve local`" in done.stderr

    found = json.loads(shown := shop.run("status", "local", "--json").stdout)["environments"][0]
    rollout = found["rollout"]
    assert found["live"]["release"] == rollout["previous"] and found["unfinished"] is None and found["problems"] == []
    assert rollout["waiting"] and rollout["since"] and rollout["weight"] == 30
    assert rollout["verdict"]["kind"] in ("promote", "continue") and "fairlead approve local" in rollout["commands"]
    text = shop.run("status", "local").stdout
    assert "waits for a person since" in text and "fairlead abort local" in text and "unfinished" not in text
    door = shop.json("status", "local", "--testers")["environments"][0]["testers"][rollout["release"]]
    for name, value in door.items():
        assert value not in text + shown and answer(shop, {name: value}) == "version 2\n"

    refused = shop.run("deploy", "local", "--wait", "0")
    assert refused.returncode == 4 and "rollout 2 to local is not over" in refused.stderr
    assert "is unfinished" not in refused.stderr
    assert shop.json("history", "local")["events"][0]["result"] == "waiting"

    last = shop.lines("approve", "local", "--message", "fine by us")[-1]
    assert last["ok"] and last["release"] == rollout["release"] == shop.live()
    assert answer(shop) == "version 2\n"
    told = shop.run("history", "local").stdout
    assert "approve by " in told and '"fine by us"' in told
    verdict = shop.json("verdict", "local")
    assert verdict["verdicts"][-1]["kind"] == "promote" and "0 errors" in verdict["verdicts"][-1]["text"]
    again = shop.run("verdict", "local", "--replay", Path(verdict["recordings"][0]).name)
    assert again.returncode == 0 and "enough was shown: all users would have got it" in again.stdout


def test_a_release_of_which_too_little_is_known_waits_and_is_aborted(shop):
    write(shop, "3", "[{weight: 30, for: 300ms}]", probes="off", hold="1s")
    answered = answer(shop)
    last = shop.lines("deploy", "local", code=5)[-1]
    assert last["kind"] == "result" and last["ok"] is False
    assert "has not answered anything" in last["error"]["waiting"]["waiting"]
    done = shop.run("abort", "local", "--message", "not today")
    assert done.returncode == 0 and "was taken back: local is as it was before" in done.stdout
    assert answer(shop) == answered
    event = shop.json("history", "local")["events"][0]
    assert event["result"] == "undone" and event["reason"].startswith("abort by ") and "not today" in event["reason"]


def test_who_carries_it_obeys(shop):
    write(shop, "4", LONG)
    deployer = shop.start("deploy", "local")
    await_line(deployer, "stderr", "60 %")
    done = shop.run("pause", "local", "--message", "one moment")
    assert done.returncode == 0 and f"pid {deployer.pid}" in done.stdout, done.stderr
    found = status(shop)["rollout"]
    assert "one moment" in found["paused"] and found["waiting"] is None and "fairlead resume local" in found["commands"]
    assert shop.lines("resume", "local")[-1]["order"] == "resume"
    assert shop.run("promote", "local").returncode == 0
    shown, said = deployer.communicate(timeout=300)
    assert deployer.returncode == 0, said
    assert "is live after" in shown and "verdict: " in said and answer(shop) == "version 4\n"
    nothing = shop.run("promote", "local")
    assert nothing.returncode == 1 and "nothing is being rolled out to local" in nothing.stderr


def test_who_carries_it_takes_it_back(shop):
    write(shop, "5", LONG)
    answered = answer(shop)
    deployer = shop.start("deploy", "local")
    await_line(deployer, "stderr", "60 %")
    assert shop.run("abort", "local", "--message", "the checkout is wrong").returncode == 0
    said = deployer.communicate(timeout=300)[1]
    assert deployer.returncode == 1 and "the checkout is wrong" in said.partition("error: ")[2]
    assert "everything was taken back" in said and answer(shop) == answered
