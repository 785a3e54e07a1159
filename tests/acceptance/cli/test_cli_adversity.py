"""Commands while something lasts long, is damaged, or is called from a poorer shell than the one that deployed."""

import json
import os
import subprocess

import pytest
from cli_site import BROKEN, await_line, gated

pytestmark = pytest.mark.real


def commit(folder, text, message):
    """Change a file that counts, and commit it; the commit's name."""
    who = {f"GIT_{kind}_{part}": "ada@example.com" for kind in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    env = os.environ | who | {"GIT_CONFIG_GLOBAL": "/dev/null"}
    (folder / "app" / "text").parent.mkdir(parents=True, exist_ok=True)
    (folder / "app" / "text").write_text(text)
    for argv in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", message)):
        subprocess.run(["git", *argv], cwd=folder, env=env, check=True)
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, env=env, check=True, capture_output=True, text=True
    )
    return asked.stdout.strip()


def test_a_long_build_keeps_nobody_from_going_back(standing):
    first = standing.live()
    standing.write("2")
    assert standing.run("deploy", "local").returncode == 0
    standing.write("3")
    gate = gated(standing)
    builder = standing.start("deploy", "local")
    await_line(builder, "stderr", "build")
    done = standing.run("rollback", "local", "--wait", "0")
    assert done.returncode == 0, done.stderr
    assert standing.live() == first
    gate.touch()
    said = builder.communicate(timeout=300)
    assert builder.returncode == 0, said
    assert standing.live() != first


def test_a_rollback_names_the_commit_it_goes_back_to(standing, tmp_path):
    site, commits = standing, []
    for text in ("1", "2"):
        commits.append(commit(site.folder, text, f"text {text}"))
        assert site.run("deploy", "local").returncode == 0
    elsewhere = tmp_path / "elsewhere"
    commit(elsewhere, "x", "another project")
    (elsewhere / "fairlead.yaml").write_text((site.folder / "fairlead.yaml").read_text())
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text(f"#!/bin/sh\ntouch {tools}/asked\nexit 1\n")
    (tools / "git").chmod(0o755)
    done = site.run("rollback", "local", cwd=elsewhere, PATH=f"{tools}:{site.env['PATH']}")
    assert done.returncode == 0, done.stderr
    assert not (tools / "asked").exists()
    live = site.json("status", "local")["environments"][0]["live"]
    assert live["operation"] == "rollback" and live["origin"]["user"]
    assert live["origin"]["git"]["commit"] == commits[0]
    done = site.run("promote", "local", "next", cwd=site.folder)
    assert done.returncode == 0, done.stderr
    live = site.json("status", "next")["environments"][0]["live"]
    assert live["origin"]["git"]["commit"] == commits[0]
    assert live["origin"]["promoted"]["from"] == "local"


def test_instances_keep_the_path_and_zone_they_were_deployed_with(standing):
    standing.write("2")
    rich = f"{standing.root}/tools:{standing.env['PATH']}"
    assert standing.run("deploy", "local", PATH=rich, TZ="Asia/Tokyo").returncode == 0
    live = standing.live()
    assert standing.run("stop", "local", "--yes").returncode == 0
    done = standing.run("up", "local", PATH="/usr/bin:/bin", TZ="UTC")
    assert done.returncode == 0, done.stderr
    spec = json.loads((standing.home / "shop/local/instances" / f"{live}.web.1" / "spec.json").read_text())
    assert (spec["env"]["PATH"], spec["env"]["TZ"]) == (rich, "Asia/Tokyo")


def test_a_damaged_release_of_another_environment_is_in_nobodys_way(standing):
    site = standing
    for environment in ("local", "next"):
        assert site.run("deploy", environment).returncode == 0
    damaged = site.home / "shop/next/releases" / f"{site.live('next')}.json"
    whole = damaged.read_text()
    damaged.with_suffix(".copy").unlink()
    damaged.write_text("{}")
    artifacts = sorted((site.home / "shop/artifacts").iterdir())
    (site.folder / "app" / "text").write_text("2")
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    assert "old artifacts stay" in done.stderr and str(damaged) in done.stderr
    assert set(artifacts) <= set((site.home / "shop/artifacts").iterdir())
    assert site.run("rollback", "local").returncode == 0
    assert site.run("stop", "local", "--yes").returncode == 0
    assert site.run("up", "local").returncode == 0
    assert f"changed or damaged: {damaged.stem}" in site.run("doctor", "next").stdout
    damaged.write_text(whole)


def test_the_same_deployed_again_mends_a_damaged_live_release(standing):
    live = standing.live()
    damaged = standing.home / "shop/local/releases" / f"{live}.json"
    for harm in (lambda: damaged.write_text("{}"), damaged.unlink):
        damaged.with_suffix(".copy").unlink()
        harm()
        if damaged.exists():
            assert "its file is damaged" in standing.run("releases", "local").stdout
        done = standing.run("deploy", "local")
        assert done.returncode == 0, done.stderr
        assert standing.live() == live and json.loads(damaged.read_text())["id"] == live


def test_a_release_that_failed_is_not_called_a_good_one(standing):
    before = {one["id"] for one in standing.json("releases", "local")["releases"]}
    path = standing.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace(*BROKEN))
    assert standing.run("deploy", "local").returncode == 1
    found = standing.json("releases", "local")["releases"]
    assert [bool(one["last_live"]) for one in found if one["live"]] == [True]
    assert [one["last_live"] for one in found if one["id"] not in before] == [None]
    assert "was never live" in standing.run("releases", "local").stdout
