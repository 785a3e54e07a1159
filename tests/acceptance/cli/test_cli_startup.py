"""What the machine does when it starts: everything that nobody stopped is back, whatever fails beside it."""

import json
import urllib.request
from pathlib import Path

import pytest
from tests.booting import boot, end_all

pytestmark = pytest.mark.real


def answer(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=120) as response:
        return response.read().decode()


def results(done):
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found[-1] == {"kind": "result", "ok": done.returncode == 0}, done
    return {f"{one['project']}/{one['environment']}": one["result"] for one in found[:-1]}


def test_what_nobody_stopped_is_back_whatever_fails(site):
    assert site.run("deploy", "local").returncode == 0
    broken = site.home / "broken" / "local"
    broken.mkdir(parents=True)
    (broken / "ledger.db").write_bytes(b"nothing of a ledger" * 100)
    unit = site.run("startup", "show", "--unit").stdout
    if not Path("/run/systemd/system").exists():  # else it would be had
        refused = site.run("startup", "install")
        assert refused.returncode == 3 and "systemd does not run this machine" in refused.stderr
    (site.folder / "fairlead.yaml").unlink()  # no project file is needed

    end_all(site.home)
    done = boot(unit, "--json")
    assert results(done) == {"broken/local": "failed", "shop/local": "up"} and done.returncode == 1
    assert answer(site.port) == "version 1\n"
    done = boot(unit)
    assert "shop/local: its keeper runs" in done.stdout and "✗ broken/local: " in done.stdout, done

    site.write()
    status = site.json("status", "local")["environments"][0]
    assert status["parts"] == {"supervisor": True, "keeper": True, "edge": True} and status["problems"] == []
    done = site.run("up", "--all", "local")
    assert done.returncode == 2 and "one environment, or --all" in done.stderr
    assert site.run("stop", "local").returncode == 0
    (broken / "ledger.db").unlink()
    done = boot(unit, "--json")
    assert results(done) == {"shop/local": "stopped"} and done.returncode == 0
    parts = site.json("status", "local")["environments"][0]["parts"]
    assert set(parts.values()) == {False}, parts
