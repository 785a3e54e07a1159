"""The rest of the commands for an environment of another machine, and how they look on a terminal."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from remote_site import RemoteSite
from test_cli_changing import answer, read_terminal

pytestmark = [pytest.mark.real, pytest.mark.long]

STORES = """\
secrets: {DATABASE_URL: {}}
secret_backend: environment
stores: {db: {kind: postgres, url: "${DATABASE_URL}", databases: {shop: {migrations: db/shop}}}}
"""


def test_all_that_is_done_with_an_environment(site):
    drawn, code = read_terminal(site, "deploy", "local")
    assert code == 0, drawn
    assert re.search("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", drawn) and "✓" in drawn and "█" in drawn
    assert "% of the traffic" in drawn and "deploying shop to local" in drawn and "is live" in drawn
    drawn, code = read_terminal(site, "status", "local")
    assert code == 0 and "\x1b[" in drawn and "running" in drawn
    assert "\x1b[" not in read_terminal(site, "status", "local", NO_COLOR="1")[0].replace("\x1b[?25h", "")

    done = site.run("promote", "local", "next")
    assert done.returncode == 0, done.stderr
    assert answer(site.other) == "version 1\n"
    site.edit(f"host: '{site.address}', edge: {{http: {site.other}", f"host: elsewhere, edge: {{http: {site.other}")
    done = site.run("promote", "local", "next")
    assert done.returncode == 2 and "do not run on the same host" in done.stderr
    status = site.run("status")
    assert status.returncode == 1 and "local" in status.stdout and "is live" in status.stdout, status.stdout
    assert "no host of the name elsewhere" in status.stdout
    found = site.json("status", code=1)["environments"]
    assert found[0]["live"] and found[1]["error"]["exit_code"] == 1
    site.write()

    assert site.json("doctor")["ok"] is True
    for words in (
        ("ps",),
        ("ports",),
        ("drift",),
        ("releases",),
        ("verdict",),
        ("ledger", "verify"),
        ("notify", "log"),
    ):
        done = site.run(*words, "local", "--json")
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    done = site.run("exec", "local", "web", "--", "id")
    assert done.returncode == 0 and "uid=" in done.stdout, done.stderr
    done = site.run("exec", "local", "web", "--", "sh", "-c", "echo '$HOME' \"it's\"; exit 5")
    assert (done.returncode, done.stdout) == (5, "$HOME it's\n"), done.stderr
    drawn, code = read_terminal(site, "stop", "local")  # which is asked here, and answered
    assert code == 0 and "[y/N]" in drawn and "local is stopped" in drawn
    assert site.run("up", "local").returncode == 0
    assert answer(site.port) == "version 1\n"
    assert site.run("prune", "local", "--plan").returncode == 0
    done = site.run("approve", "local")
    assert done.returncode == 1 and "nothing is being rolled out" in done.stderr


def test_databases(site, postgres):
    root = Path(tempfile.mkdtemp(prefix="fl-"))
    url = postgres.url(postgres.new("remote"))
    other = RemoteSite(root, more={"DATABASE_URL": url})
    try:
        path = other.folder / "fairlead.yaml"
        path.write_text(path.read_text() + STORES)
        folder = other.folder / "db" / "shop"
        folder.mkdir(parents=True)
        (folder / "V1__a.sql").write_text("create table a (x int)")
        planned = other.json("db", "plan", "local", "shop")["databases"][0]
        assert [step["script"] for step in planned["steps"]] == ["", "V1__a.sql"]
        assert other.json("db", "migrate", "local")["databases"][0]["done"] == ["V1__a.sql"]
        (folder / "V2__b.sql").write_text("create table b ();\nselect 1/0")
        failed = other.json("db", "migrate", "local", code=1)
        assert failed["databases"][0]["error"]["message"] == "db/shop/V2__b.sql:2:1: division by zero"
        said = other.run("db", "status", "local")
        assert said.returncode == 0 and "version 1, 1 pending" in said.stdout
        assert url.rpartition("@")[0].rpartition(":")[2] not in said.stdout + said.stderr
    finally:
        other.close()
        shutil.rmtree(root, ignore_errors=True)
