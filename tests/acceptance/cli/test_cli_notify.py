"""Word of deployments, from the installed program to a receiver: the keeper sends it, also when it was killed."""

import json
import os
import signal

import pytest
from cli_site import Site
from tests.living import files_with, processes
from tests.receivers import TOKEN, dead, receiver, silent

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

NOTIFY = """\
notify:
  - {to: webhook, secret: HOOK, on: [promoted, failed, rolled-back, recovered]}
  - {to: webhook, secret: HANGS, on: [started, promoted, failed]}
"""


def write(site, version, more=NOTIFY):
    site.write(version)
    path = site.folder / "fairlead.yaml"
    path.write_text(path.read_text() + more)


def keeper(site):
    return int((site.home / "shop" / "local" / "keeper" / "starts").read_text().splitlines()[-1].split()[0])


def heard(one, *titles, seconds=60):
    assert wait_until(lambda: len(one.got) >= len(titles), seconds), one.titles
    assert [title.partition(": ")[2] for title in one.titles] == list(titles)


def test_the_keeper_tells_what_happened_and_nobody_waits_for_it(site: Site):
    with receiver(500) as one, silent() as hangs:
        site.env |= {"HOOK": one.url, "HANGS": hangs}
        write(site, "1")
        assert site.run("deploy", "local").returncode == 0
        first = site.live()
        # answered 500 the first time: tried again after 15 s; meanwhile the keeper is killed, and another goes on
        log = site.home / "shop" / "local" / "notify" / "log.jsonl"
        assert wait_until(lambda: failed_once(log), 240)
        os.kill(keeper(site), signal.SIGKILL)
        heard(one, f"{first} is live")

        write(site, "2")
        path = site.folder / "fairlead.yaml"
        path.write_text(path.read_text().replace("contains: version 2", "contains: version 3"))
        done = site.run("deploy", "local", HOOK="", HANGS="")  # the addresses of before stay
        assert done.returncode == 1, done.stderr
        failed = site.json("history", "local")["events"][0]["release"]
        heard(one, f"{first} is live", f"deploy of {failed} failed, {first} stays live")
        assert "version 3" in one.got[-1]["message"]
        assert "next: fairlead status local" in one.got[-1]["message"]

        told = [("promoted", "failed"), ("promoted", "sent"), ("failed", "sent")]
        assert wait_until(lambda: written(site) == told, 240), written(site)  # after the receiver has it
        nowhere_else(site)


def failed_once(log):
    """By 500, or on a machine where everything waits because that came too late."""
    whole = log.read_text().rpartition("\n")[0] if log.exists() else ""  # the last line may be being written
    lines = map(json.loads, whole.splitlines())
    return any((one["receiver"], one["result"]) == ("webhook (HOOK)", "failed") for one in lines)


def written(site):
    """What the log says of HOOK."""
    lines = [one for one in site.json("notify", "log", "local")["messages"] if one["receiver"] == "webhook (HOOK)"]
    return [(line["event"], line["result"]) for line in lines]


def nowhere_else(site):
    """The addresses are in no file but the one, and in the environment of no process that was left running."""
    telling = files_with(site.root, TOKEN)
    assert [path.name for path in telling] == ["addresses.json"]
    assert telling[0].stat().st_mode & 0o777 == 0o600
    arguments, environments = processes("cmdline"), processes("environ")
    for process, given in arguments.items():
        shown = given + environments.get(process, b"")
        assert TOKEN.encode() not in shown or str(site.home).encode() not in shown, process


def test_a_test_message(site: Site):
    with receiver() as one:
        write(site, "1")
        done = site.run("notify", "test", "local", "--json", HOOK=one.url, HANGS=dead())
        assert done.returncode == 1, done.stderr
        assert TOKEN not in done.stdout + done.stderr
        first, second = json.loads(done.stdout)["receivers"]
        assert (first["sent"], second["sent"]) == (True, False)
        assert "refused" in second["error"]
        assert one.titles == ["shop/local: a test message of Fairlead"]
        assert site.run("notify", "test", "local", HOOK=one.url, HANGS=one.url).returncode == 0


def test_what_is_not_set_is_said_before_the_deployment(site: Site):
    write(site, "1")
    found = site.json("doctor", "local", code=0)["environments"]["local"]
    told = [check for check in found if check["name"] == "notify"]
    assert [check["result"] for check in told] == ["warning", "warning"]
    assert "HOOK is not set" in told[0]["text"]
    assert "HOOK=https://" in told[0]["hint"]
    done = site.run("notify", "test", "next", HOOK="x", HANGS="y")
    assert done.returncode == 1
    assert "holds no address" in done.stdout or "no address that webhook takes" in done.stdout
