"""The commands of one machine for an environment of another, over a real sshd."""

import json
import signal
import subprocess
import urllib.request

import pytest
from cli_site import BROKEN, WHY, await_line
from remote_site import await_events

pytestmark = pytest.mark.real
FORKS = True  # see RemoteSite


def answer(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=120) as response:
        return response.read().decode()


def test_from_the_first_deployment_to_the_rollback(site, need):
    need("git")
    done = site.run("deploy", "local", "--message", "over SSH")
    assert done.returncode == 0, done.stderr
    assert "is live after" in done.stdout and "0 lost" in done.stdout
    assert "step 1/" in done.stderr and answer(site.port) == "version 1\n"
    assert not (site.home / "shop" / "local" / "ledger.db").exists()  # nothing of it is here
    first = site.live()

    site.write("2")
    git = ["git", "-C", site.folder, "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q", "-b", "trunk"], ["add", "-A"], ["commit", "-qm", "The second"]):
        subprocess.run([*git, *words], check=True)
    events = site.lines("deploy", "local")
    assert {"plan", "step", "done", "ready", "traffic", "live", "report"} <= {one["kind"] for one in events}
    assert events[-1]["kind"] == "result" and events[-1]["previous"] == first
    assert answer(site.port) == "version 2\n"

    assert "listening on" in site.run("logs", "local", "web", "--since", "2020-01-31 20:00").stdout
    assert site.run("logs", "local", "web", "--since", "2999-01-01").stdout == ""
    follower = site.start("logs", "local", "web", "--follow", "--since", "1h")
    await_line(follower, "stdout", "listening on")
    answer(site.port)
    follower.send_signal(signal.SIGINT)
    _, said = follower.communicate(timeout=300)
    assert follower.returncode == 130 and "Traceback" not in said

    path = site.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace("port: 8000", "prot: 8000"))
    done = site.run("rollback", "local", "--message", "two is bad")
    assert done.returncode == 0, done.stderr  # a broken file does not keep anybody from going back
    assert answer(site.port) == "version 1\n"
    site.write("2")

    live = site.json("status", "local")["environments"][0]["live"]
    assert live["release"] == first and live["why"] == "two is bad"
    assert live["origin"]["via"] == "127.0.0.1"
    found = site.json("status")["environments"]
    assert [one["environment"] for one in found] == ["local", "next"]
    events = site.json("history", "local")["events"]
    assert [one["operation"] for one in events] == ["rollback", "deploy", "deploy"]
    assert events[1]["origin"]["git"]["subject"] == "The second" and events[1]["origin"]["git"]["branch"] == "trunk"
    done = site.run("attach", "local")
    assert done.returncode == 0 and "nothing is under way; the last was fairlead rollback local" in done.stderr
    assert first in done.stdout
    assert json.loads(site.on_host("status", "local", "--json").stdout)["environments"][0]["live"] == live


def test_errors_and_exit_codes_are_those_of_the_host(site):
    path = site.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace(*BROKEN))
    done = site.run("deploy", "local")
    assert done.returncode == 1, done.stderr
    assert WHY in done.stderr and "Traceback" not in done.stdout
    assert "everything was taken back" in done.stderr
    done = site.run("attach", "local", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["error"]["exit_code"] == 1
    assert site.run("approve", "local").returncode == 1
    done = site.run("verdict", "local", "--replay", "/etc/passwd")
    assert done.returncode == 2 and "takes no file of this machine" in done.stderr


def test_ctrl_c_is_carried_over(site):
    site.write("2", delay="60")
    deployer = site.start("deploy", "local")
    await_events(site, "step.begun", 2)
    deployer.send_signal(signal.SIGINT)
    await_line(deployer, "stderr", "what was done is taken back there")
    deployer.send_signal(signal.SIGINT)  # who does not stay for it
    said = deployer.communicate(timeout=300)[1]
    assert deployer.returncode == 130, said
    assert "left as it is" in said or "everything was taken back" in said  # the way back may have been faster
    done = site.run("attach", "local")
    assert done.returncode == 130 and "everything was taken back" in done.stderr, done.stderr
    assert site.on_host("attach", "local").returncode == 130  # whoever is on the host may look too
    assert [one["kind"] for one in site.ledger()][-1] == "rollout.closed"
