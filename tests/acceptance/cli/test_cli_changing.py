"""Commands that change an environment: once as a person calls them, and in each other's way."""

import contextlib
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import time
import urllib.request

import pytest
from cli_site import BROKEN, FAIRLEAD, WHY, await_line, gated

pytestmark = pytest.mark.real


def answer(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=120) as response:
        return response.read().decode()


def test_from_the_first_deployment_to_the_stop(site):
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^✓ [0-9a-f]{12} is live after ", done.stdout) and "0 lost, 0 application errors" in done.stdout
    assert re.search(r"^\d\d:\d\d:\d\d step 1/\d+: start web\.1", done.stderr, re.M)
    first = site.live()
    site.write("2")
    events = site.lines("deploy", "local", "--strategy", "rolling")
    assert events[-1]["kind"] == "result" and events[-1]["previous"] == first
    assert {"plan", "step", "done", "ready", "traffic", "live", "report"} <= {one["kind"] for one in events}
    assert answer(site.port) == "version 2\n"

    (site.folder / "fairlead.yaml").write_text(
        "name: shop\nservices: {web: {nonsense: 1}}\nenvironments: {local: {runtime: process}}\n"
    )
    done = site.run("rollback", "local", "--message", "two is bad")
    assert done.returncode == 0, done.stderr  # a broken file does not keep anybody from going back
    assert answer(site.port) == "version 1\n" and site.live() == first
    site.write("2")

    done = site.run("promote", "local", "next")
    assert done.returncode == 0, done.stderr
    assert answer(site.other) == "version 2\n"  # the artifact of `local`, the configuration of `next`

    assert "local is stopped" in site.run("stop", "local").stdout
    assert "stopped; `fairlead up local` brings it back" in site.run("status", "local").stdout
    assert site.lines("up", "local")[-1]["release"] == first
    assert answer(site.port) == "version 1\n"
    operations = [one["operation"] for one in site.json("history", "local")["events"]]
    assert operations == ["up", "stop", "rollback", "deploy", "deploy"]


def test_a_failed_deployment_says_why_first_and_is_exit_1(standing):
    before = standing.live()
    path = standing.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace(*BROKEN))
    done = standing.run("deploy", "local")
    assert done.returncode == 1 and "Traceback" not in done.stdout
    error = done.stderr.partition("error: ")[2]
    assert "web.1: " in error.splitlines()[0]
    assert WHY in error
    assert "everything was taken back: local is as it was before" in error
    assert standing.live() == before and answer(standing.port) == "version 1\n"
    assert standing.json("history", "local")["events"][0]["result"] == "undone"


@pytest.mark.parametrize(
    "number",  # the first SIGINT of the next test begins the same
    [signal.SIGTERM, *(pytest.param(number, marks=pytest.mark.long) for number in (signal.SIGINT, signal.SIGHUP))],
)
def test_a_signal_takes_everything_back(standing, number):
    before = standing.json("status", "local")["environments"][0]
    standing.write("2", delay="60")
    deployer = standing.start("deploy", "local")
    await_line(deployer, "stderr", "step 2/")
    deployer.send_signal(number)
    said = deployer.stderr.read()
    assert deployer.wait(300) == 130
    assert "what was done is taken back" in said and "error: interrupted" in said
    assert "everything was taken back: local is as it was before" in said
    status = standing.json("status", "local")["environments"][0]
    assert status["live"]["release"] == before["live"]["release"] and status["unfinished"] is None
    assert {one["id"] for one in status["instances"]} == {one["id"] for one in before["instances"]}


def test_a_second_signal_leaves_it_to_recovery(standing):
    before = standing.live()
    path = standing.folder / "fairlead.yaml"
    standing.write("2", delay="60")
    path.write_text(
        path.read_text().replace("START_DELAY", 'IGNORE_SIGTERM: "1", START_DELAY').replace("grace: 5s", "grace: 3s")
    )
    deployer = standing.start("deploy", "local")
    await_line(deployer, "stderr", "step 2/")
    deployer.send_signal(signal.SIGINT)
    await_line(deployer, "stderr", "undo: going back")
    deployer.send_signal(signal.SIGINT)
    said = deployer.stderr.read()
    assert deployer.wait(300) == 130
    if "left as it is: the keeper, or the next command, finishes" not in said:
        assert "everything was taken back" in said  # the way back was faster than the second signal
    end = time.monotonic() + 60
    while standing.json("status", "local")["environments"][0]["unfinished"]:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert standing.live() == before and answer(standing.port) == "version 1\n"


def test_a_second_deployer_is_told_who_holds_it_before_it_builds(standing):
    standing.write("2", delay="60")
    first = standing.start("deploy", "local")
    await_line(first, "stderr", "step 2/")
    gated(standing)  # never opened: whoever builds waits for ever
    done = standing.run("deploy", "local", "--wait", "0")
    assert done.returncode == 4
    assert re.search(
        r"shop/local is held by .*@.* \(`fairlead deploy local`, pid \d+\) since \d\d:\d\d:\d\d", done.stderr
    )
    status = standing.json("status", "local")["environments"][0]
    assert f"pid {first.pid}" in status["holder"] and re.match(r"rollout \d+", status["unfinished"])
    assert f"pid {first.pid}" in standing.run("status", "local").stdout
    error = standing.lines("deploy", "local", "--wait", "0", code=4)[-1]["error"]
    assert error["exit_code"] == 4
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=300)


def test_a_reader_that_goes_away_does_not_stop_a_deployment(standing):
    standing.write("2")
    deployer = subprocess.Popen(
        [FAIRLEAD, "deploy", "local", "--json"], cwd=standing.folder, env=standing.env, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    deployer.stdout.readline()
    deployer.stdout.close()
    assert deployer.wait(300) == 0
    assert answer(standing.port) == "version 2\n"


def test_a_ledger_that_was_changed_is_exit_1(standing):
    ledger = standing.home / "shop" / "local" / "ledger.db"
    with contextlib.closing(sqlite3.connect(ledger)) as file, file:
        file.execute("DROP TRIGGER entries_keep_update")
        file.execute("UPDATE entries SET body = body || ' ' WHERE number = 3")
    done = standing.run("ledger", "verify", "local")
    assert done.returncode == 1 and "entry 3 does not match its leaf hash" in done.stderr
    assert standing.json("ledger", "verify", "local", code=1)["ok"] is False
    assert "entry 3" in standing.run("doctor", "local").stdout
    with contextlib.closing(sqlite3.connect(ledger)) as file, file:
        file.execute("UPDATE entries SET body = substr(body, 1, length(body) - 1) WHERE number = 3")
    assert standing.json("ledger", "verify", "local")["ok"] is True


def read_terminal(site, *arguments, **env):
    """Run on a terminal of 100 columns; everything it drew, and the exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(site.folder)
        os.execve(FAIRLEAD, [str(FAIRLEAD), *arguments], site.env | {"LINES": "40"} | env)
    drawn = b""
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:  # the end of a terminal on Linux
            break
        if not block:
            break
        drawn += block
        if b"brings" not in drawn and b"[y/N]" in drawn:
            os.write(terminal, b"y\n")
    os.close(terminal)
    return drawn.decode(errors="replace"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_progress_is_live_on_a_terminal(site):
    """A first deployment takes long enough for it to be drawn."""
    drawn, code = read_terminal(site, "deploy", "local")
    assert code == 0, drawn
    assert "\x1b[?25l" in drawn and "\x1b[?25h" in drawn  # the cursor was hidden, and is back
    assert re.search("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", drawn) and "✓" in drawn and "█" in drawn
    assert "% of the traffic" in drawn and "deploying shop to local" in drawn and "is live" in drawn
    drawn, code = read_terminal(site, "status", NO_COLOR="1")
    assert code == 0 and "\x1b[" not in drawn
    drawn, code = read_terminal(site, "status")
    assert code == 0 and "\x1b[" in drawn
    drawn, code = read_terminal(site, "stop", "local")
    assert code == 0 and "Stop everything in local?" in drawn and "local is stopped" in drawn


def test_json_on_a_terminal_is_only_json(site):
    drawn, code = read_terminal(site, "history", "local", "--json")
    assert code == 0 and json.loads(drawn) == {"environment": "local", "events": []}


def test_status_says_what_is_wrong(standing):
    found = standing.json("status", "local")["environments"][0]
    assert found["problems"] == []
    for one in [one for one in found["instances"] if one["release"] == found["live"]["release"]]:
        spec = standing.home / "shop" / "local" / "instances" / one["id"] / "spec.json"
        spec.write_text(json.dumps(json.loads(spec.read_text()) | {"argv": ["/bin/false"]}))
        os.kill(one["pid"], signal.SIGKILL)
    end = time.monotonic() + 60
    pattern = r"! [0-9a-f]{12}\.web\.1 is in a crash loop: started \d+ times"
    while not re.search(pattern, standing.run("status", "local").stdout):  # between two tries it is about to start
        assert time.monotonic() < end
        time.sleep(0.2)
