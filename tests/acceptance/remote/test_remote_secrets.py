"""Secrets of an environment on another machine: keys stay where they are, files come back, values show nowhere."""

import json

import pytest
from tests.commands import python
from tests.living import files_with

from fairlead.secrets.age_file import AgeFile, file_of

pytestmark = pytest.mark.real
FORKS = True  # see RemoteSite

GIVEN = "smtp-Zq8LmX4-and-more"
ROTATED = "rotated-9Kd3vPq-value"


def declare(site):
    site.edit("services:", "secrets: {SESSION_KEY: {generate: hex}, SMTP: {}}\nservices:")
    site.edit("    source: ./app\n", "    source: ./app\n    secrets: [SESSION_KEY, SMTP]\n")
    path = site.folder / "fairlead.yaml"
    assert path.read_text().count("SMTP") == 2
    assert python("x")


def kept(site):
    home = {"FAIRLEAD_HOME": str(site.home)}
    found = AgeFile(file_of(site.folder, "local"), "local", home).get(("SESSION_KEY", "SMTP"))
    return {name: value.reveal() for name, value in found.items()}


@pytest.mark.long
def test_keys_stay_where_they_are(site):
    declare(site)
    assert site.run("secrets", "init", "local").returncode == 0
    assert site.run("secrets", "set", "local", "SMTP", "--from", given(site, GIVEN)).returncode == 0
    done = site.run("deploy", "local")
    assert done.returncode in (1, 3), (done.stdout, done.stderr)
    assert "has no age key" in done.stderr and "none is copied to it" in done.stderr
    assert "fairlead host install local" in done.stderr
    assert not (site.there / "age.txt").exists()

    recipient = site.on_host("secrets", "recipients", "me").stdout.split()
    recipient = next((word for word in recipient if word.startswith("age1")), None) or make_key(site)
    done = site.run("secrets", "recipients", "add", "local", recipient)
    assert done.returncode == 0, done.stderr
    before = kept(site)
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    handed = list((site.there / "shop" / "local" / "secrets").glob("*/web/current/SMTP"))
    assert [path.read_text() for path in handed] == [GIVEN]

    done = site.run("secrets", "rotate", "local", "SMTP", "--from", given(site, ROTATED))
    assert done.returncode == 0, done.stderr
    assert "was changed on" in done.stderr and "commit it" in done.stderr
    assert kept(site) == before | {"SMTP": ROTATED}  # the file is here again
    done = site.run("secrets", "due", "local")
    assert done.returncode == 0, done.stderr
    done = site.run("deploy", "local")
    assert done.returncode == 0 and "is live already" in done.stdout

    stale = (site.folder / "secrets" / "local.yaml").read_text()
    done = site.run("secrets", "rotate", "local", "SESSION_KEY")
    assert done.returncode == 0, done.stderr
    made = kept(site)["SESSION_KEY"]
    assert made != before["SESSION_KEY"]
    (site.folder / "secrets" / "local.yaml").write_text(stale)  # somebody who has not pulled
    done = site.run("deploy", "local", "--json")
    assert done.returncode == 0 and "was changed on" in done.stderr
    assert kept(site)["SESSION_KEY"] == made
    assert json.loads(done.stdout.splitlines()[-1])["rollout"] is None
    for value in (GIVEN, ROTATED, made):
        assert files_with(site.there / "shop" / "local" / "remote", value) == []
        assert files_with(site.folder, value) == []


def given(site, value):
    path = site.root / "value"
    path.write_text(value)
    return str(path)


def make_key(site):
    done = site.on_host("secrets", "init", "local")
    return next(word for word in (done.stdout + done.stderr).split() if word.startswith("age1"))
