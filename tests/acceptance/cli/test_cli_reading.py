"""Commands that only look: as text, as JSON, and what they say when there is nothing to see."""

import json
import re
import shlex
import subprocess
import threading
import urllib.request

import pytest
from cli_site import FAIRLEAD, await_line

pytestmark = pytest.mark.real


def test_status_says_what_is_live_and_how_it_is(shop):
    done = shop.run("status")
    assert done.returncode == 0
    assert re.search(r"shop/local  [0-9a-f]{12} is live, by deploy (just now|.* ago), \w+@", done.stdout)
    assert '"the second"' in done.stdout
    assert re.search(rf"traffic at http://127.0.0.1:{shop.port}: [0-9a-f]{{12}} 100 %", done.stdout)
    assert "supervisor up, keeper up, edge up" in done.stdout
    assert re.search(r"warm: [0-9a-f]{12} for another \d+ min", done.stdout)
    assert "shop/next  nothing was ever deployed" in done.stdout


def test_status_for_machines(shop):
    found = shop.json("status", "local")["environments"]
    assert len(found) == 1
    status = found[0]
    assert status["traffic"] == {"/": {status["live"]["release"]: 100}}
    assert status["parts"] == {"supervisor": True, "keeper": True, "edge": True}
    assert status["problems"] == [] and status["holder"] is None and status["unfinished"] is None
    mine = [one for one in status["instances"] if one["release"] == status["live"]["release"]]
    assert [one["phase"] for one in mine] == ["running"] and mine[0]["uptime"] > 0 and mine[0]["restarts"] == 0


def test_history_and_releases(shop):
    events = shop.json("history", "local")["events"]
    assert [(one["operation"], one["result"], one["why"]) for one in events] == [
        ("deploy", "live", "the second"), ("deploy", "live", "")
    ]  # fmt: skip
    assert events[0]["previous"] == events[1]["release"] and events[0]["report"]["lost"] == 0
    assert len(shop.json("history", "local", "--limit", "1")["events"]) == 1
    text = shop.run("history", "local").stdout
    assert "deploy #2" in text and events[0]["release"] in text
    kept = shop.json("releases", "local")["releases"]
    assert [(one["id"], one["live"], one["previous"]) for one in kept] == [
        (events[0]["release"], True, False), (events[1]["release"], False, True)
    ]  # fmt: skip
    assert "rollback goes here" in shop.run("releases", "local").stdout


def test_nothing_deployed_yet_is_no_error(shop):
    assert "nothing happened here yet" in shop.run("history", "next").stdout
    assert "no releases yet" in shop.run("releases", "next").stdout
    assert shop.json("status", "next")["environments"][0]["deployed"] is False


def test_ledger_is_shown_and_verified(shop):
    found = shop.json("ledger", "verify", "local")
    assert found["ok"] and len(found["root"]) == 64
    assert f"{found['size']} entries are as they were written" in shop.run("ledger", "verify", "local").stdout
    entries = shop.json("ledger", "show", "local", "--rollout", "2", "--limit", "200")["entries"]
    assert entries[0]["kind"] == "rollout.begun" and entries[-1]["kind"] == "rollout.closed"
    assert "rollout.closed" in shop.run("ledger", "show", "local", "--limit", "1").stdout
    assert shop.run("ledger", "verify", "next").returncode == 2


def test_doctor_finds_nothing_wrong(shop):
    done = shop.run("doctor", "local")
    assert done.returncode == 0, done.stdout
    assert "is this environment's edge" in done.stdout and "all as they were written" in done.stdout
    checks = {one["name"]: one["result"] for one in shop.json("doctor")["environments"]["local"]}
    assert checks["configuration"] == checks["port"] == checks["left-overs"] == checks["ledger"] == "ok"


def test_logs_are_merged_and_named(shop):
    done = shop.run("logs", "local", "web", "--lines", "100")
    assert done.returncode == 0
    assert re.search(r"^web\.1 [0-9a-f]{6}\s+\| .*listening on", done.stdout, re.M)
    assert {one["instance"].split(".")[1] for one in shop.lines("logs", "local")} == {"web"}
    assert "keeping shop/local" in shop.run("logs", "local", "keeper").stdout
    unknown = shop.run("logs", "local", "webb")
    assert unknown.returncode == 2 and 'did you mean "web"?' in unknown.stderr


def test_logs_since_a_time(shop):
    assert "listening on" in shop.run("logs", "local", "--since", "1h").stdout
    assert "listening on" in shop.run("logs", "local", "web", "keeper", "--since", "2020-01-31T20:00:00Z").stdout
    last = [one["instance"] for one in shop.lines("logs", "local", "web", "--since", "yesterday", "--tail", "1")]
    assert last and len(set(last)) == len(last), "one line of each"
    assert shop.run("logs", "local", "--since", "2999-01-01").stdout == ""
    wrong = shop.run("logs", "local", "--since", "10")
    assert wrong.returncode == 2 and '"10" is no time; give a time ago such as 10m' in wrong.stderr


def test_logs_follow_until_interrupted(shop):
    reader = shop.start("logs", "local", "web", "--follow", "--lines", "0")
    over = threading.Event()

    def ask():
        while not over.wait(0.2):
            urllib.request.urlopen(f"http://127.0.0.1:{shop.port}/?seen", timeout=120).read()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        assert "web.1" in await_line(reader, "stdout", "GET /?seen")[-1]
    finally:
        over.set()
        thread.join()
        reader.send_signal(2)
        _, said = reader.communicate(timeout=300)
    assert reader.returncode == 130 and said == ""


def test_the_schema_is_one(shop):
    schema = json.loads(shop.run("schema").stdout)
    assert schema["$schema"].endswith("2020-12/schema") and "services" in schema["properties"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shop, shell):
    done = shop.run("completion", shell)
    assert done.returncode == 0 and "_FAIRLEAD_COMPLETE" in done.stdout
    completed = shop.run(COMP_WORDS="fairlead deploy l", COMP_CWORD="2", _FAIRLEAD_COMPLETE="bash_complete")
    assert completed.stdout.split() == ["plain,local"]


def test_the_declared_tests_run(shop):
    done = shop.run("test")
    assert done.returncode == 0 and "all tests passed" in done.stdout and "42" in done.stderr


def test_a_failing_test_is_exit_1(site):
    path = site.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace('"]\nsmoke', '", "false", "no-such-program x"]\nsmoke'))
    found = site.json("test", code=1)
    assert [one["ok"] for one in found["tests"]] == [True, False, False]
    done = site.run("test")
    assert done.returncode == 1 and "2 of 3 tests failed" in done.stdout and "no-such-program" in done.stderr


def test_a_plan_is_what_runs(site):
    plan = site.json("deploy", "local", "--plan")
    assert [one["needed"] for one in plan["builds"]] == [True]
    assert not (site.home / "shop" / "local" / "ledger.db").exists()
    text = site.run("deploy", "local", "--plan").stdout
    assert "must be built" in text and f"{plan['release']} is live" in text
    events = site.lines("deploy", "local")
    ran = next(one for one in events if one["kind"] == "plan")
    assert ran["data"]["steps"] == [one["text"] for one in plan["steps"]]
    assert events[-1]["kind"] == "result" and events[-1]["release"] == plan["release"]
    assert "nothing to do: this release is live" in site.run("deploy", "local", "--plan").stdout


def test_a_reader_that_goes_away_is_no_failure(shop):
    done = subprocess.run(
        ["bash", "-c", f"{shlex.quote(str(FAIRLEAD))} ledger show local --limit 500 | head -1"],
        check=False, cwd=shop.folder, env=shop.env, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.stderr == "" and done.stdout.startswith("no")


def test_colours_only_on_a_terminal(shop):
    assert "\x1b[" not in shop.run("status").stdout
