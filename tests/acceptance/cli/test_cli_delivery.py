"""Secrets reach the services of a real deployment, and nobody else: after a rollback, a stop and a crash too."""

import hashlib
import json
import os
import re
import shutil
import signal
import stat
import urllib.request

import pytest
from cli_site import APPS
from tests.commands import python
from tests.living import files_below, files_with

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

FILE = """\
name: shop
secret_backend: environment
secrets: {{SESSION_KEY: {{}}, SMTP_PASSWORD: {{}}, OTHER_KEY: {{}}}}
services:
  web:
    source: ./app
    command: {serve}
    port: 8000
    health: {{ready: /, interval: 100ms, deadline: 90s}}
    routes: ["/"]
    env: {{READS: "SMTP_PASSWORD", VERSION: "{version}", CONF_FILE: "${{SECRETS}}/conf/smtp.json"}}
    secrets: [SESSION_KEY, {{name: SMTP_PASSWORD, as: env}}]
    stop: {{drain: 1s, grace: 5s}}
  bare: {{source: ./app, command: {worker}}}
jobs:
  seed: {{source: ./app, command: {job}, secrets: [OTHER_KEY]}}
templates: [{{from: smtp.template.json, to: conf/smtp.json, secret: true, services: [web]}}]
rollout: {{watch: off}}
environments:
  local: {{runtime: process, edge: {{http: {port}, address: 127.0.0.1}}}}
  next: {{runtime: process, edge: {{http: {other}, address: 127.0.0.1}}}}
"""
SESSION, SMTP, OTHER = "canary-session-0123456789", "canary smtp 'quoted' \xfc", "canary-other-0123456789"
VALUES = {"SESSION_KEY": SESSION, "SMTP_PASSWORD": SMTP, "OTHER_KEY": OTHER}


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def write(site, version="1"):
    shutil.copy(APPS / "reader.py", site.folder / "app")
    serve = python("lean.py 127.0.0.1 ${PORT} reader")
    worker, job = python("-c 'import time; time.sleep(600)'"), python(f"reader.py {site.root}/seeded")
    values = {"serve": serve, "worker": worker, "job": job, "port": site.port, "other": site.other}
    (site.folder / "smtp.template.json").write_text('{"password": "${OTHER_KEY}", "in": "${ENVIRONMENT}"}')
    (site.folder / "fairlead.yaml").write_text(FILE.format(version=version, **values))


def deploy(site, *arguments, **values):
    done = site.run("deploy", "local", *arguments, **(VALUES | values))
    assert done.returncode == 0, done.stderr
    return done


def asked(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=120) as response:
        return json.loads(response.read())


def place(site, environment="local"):
    return site.home / "shop" / environment


def values_in(folder, *values):
    """Files below it that hold one of the values, those of secrets left out."""
    return [str(path) for path in files_with(folder, *values) if "secrets" not in path.relative_to(folder).parts]


def test_services_and_jobs_read_what_is_theirs(shared):
    write(shared)
    done = deploy(shared)
    conf = digest(f'{{"password": "{OTHER}", "in": "local"}}')
    wanted = {"SESSION_KEY": digest(SESSION), "SMTP_PASSWORD": digest(SMTP), "CONF": conf}
    assert asked(shared.port)["read"] == wanted
    assert json.loads((shared.root / "seeded").read_text()) == {"OTHER_KEY": digest(OTHER)}
    assert shared.json("drift", "local")["deviations"] == []  # a job that has ended is none
    assert "web has SMTP_PASSWORD in its environment: root" in done.stderr
    folder = place(shared) / "secrets"
    assert {path.name for path in (folder / shared.live()).iterdir()} == {"web", "seed", ".templates"}
    modes = {stat.S_IMODE(one.lstat().st_mode) for one in (folder, *folder.rglob("*")) if not one.is_symlink()}
    assert modes == {0o700, 0o600}
    assert values_in(shared.home, *VALUES.values()) == []
    assert not any(value in done.stdout + done.stderr for value in VALUES.values())

    first, pid = shared.live(), asked(shared.port)["pid"]
    environ = open(f"/proc/{pid}/environ", "rb").read()
    assert SESSION.encode() not in environ and SMTP.encode() in environ
    os.kill(pid, signal.SIGKILL)  # supervisord starts it again, with all it had
    assert wait_until(lambda: came_back(shared, pid), 240, 0.1)
    assert asked(shared.port)["read"] == wanted

    deploy(shared, SESSION_KEY="another-session-0123456789")
    second = shared.live()
    assert second != first and asked(shared.port)["read"]["SESSION_KEY"] == digest("another-session-0123456789")
    deploy(shared, SESSION_KEY="another-session-0123456789")
    assert shared.live() == second  # the same values are no other release
    assert shared.run("rollback", "local").returncode == 0  # no value of anything is needed for it
    assert shared.live() == first and asked(shared.port)["read"] == wanted

    assert shared.run("stop", "local").returncode == 0
    assert shared.run("up", "local").returncode == 0
    assert asked(shared.port)["read"] == wanted


def came_back(site, pid):
    try:
        return asked(site.port)["pid"] != pid
    except OSError:
        return False


def test_promotion_reads_the_secrets_of_where_it_goes(shared):
    write(shared)
    deploy(shared)
    done = shared.run("promote", "local", "next", **(VALUES | {"SESSION_KEY": "session-of-next-0123456789"}))
    assert done.returncode == 0, done.stderr
    assert asked(shared.other)["read"]["SESSION_KEY"] == digest("session-of-next-0123456789")
    assert asked(shared.port)["read"]["SESSION_KEY"] == digest(SESSION)
    for environment, other in (("local", "session-of-next-0123456789"), ("next", SESSION)):
        folder = place(shared, environment) / "secrets"
        assert list(files_below(folder)) and files_with(folder, other) == []


def test_a_missing_value_is_refused_before_anything_is_touched(site):
    write(site)
    done = site.run("deploy", "local", SESSION_KEY=SESSION)
    assert done.returncode == 3
    assert "no value for OTHER_KEY, SMTP_PASSWORD in the environment of this command" in done.stderr
    assert "set OTHER_KEY where this command is started" in done.stderr
    assert not (place(site) / "secrets").exists() and not list((place(site) / "instances").glob("*"))


def test_a_plan_names_the_release_that_comes(shared):
    write(shared, "2")
    plan = shared.run("deploy", "local", "--plan", **VALUES)
    assert plan.returncode == 0, plan.stderr
    deploy(shared)
    assert shared.live() in plan.stdout + plan.stderr


def test_folders_go_with_the_releases_that_are_forgotten(shared):
    write(shared)
    path = shared.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace("watch: off", "watch: off, keep: 1, rollback_window: 0s"))

    def names(folder, pattern="*"):
        return {path.stem for path in (place(shared) / folder).glob(pattern)}

    deploy(shared)
    first = shared.live()
    deploy(shared, SESSION_KEY="second-session-0123456789")
    # the keeper ends the first one; what has no instances any more is forgotten by the next deployment
    assert wait_until(lambda: not list((place(shared) / "instances").glob(f"{first}.*")), 240, 0.1)
    deploy(shared, SESSION_KEY="third-session-0123456789")
    assert first not in names("releases", "*.json")
    assert names("secrets") == names("releases", "*.json")


def test_a_lost_file_is_said_in_the_log_and_deploying_brings_it_back(shared):
    write(shared)
    deploy(shared)
    shutil.rmtree(place(shared) / "secrets")
    live = place(shared) / "instances" / f"{shared.live()}.web.1"
    os.kill(int((live / "starts").read_text().splitlines()[-1].split()[0]), signal.SIGKILL)
    said = re.compile(r"fairlead: .*/current/SMTP_PASSWORD, which holds SMTP_PASSWORD, cannot be read: No such file")
    assert wait_until(lambda: said.search((live / "log").read_text()), 240, 0.1)
    deploy(shared)
    found = asked(shared.port)["read"]
    assert (found["SESSION_KEY"], found["SMTP_PASSWORD"]) == (digest(SESSION), digest(SMTP))
