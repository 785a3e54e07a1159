"""What a key of CI cannot have an engine do: what a stack reaches for beyond itself is found, and nothing else is."""

import os
from pathlib import Path

import pytest

from fairlead.errors import Refused
from fairlead.operations.remote.reach import SOCKET, beyond, has_everything, require_within
from fairlead.project.project import parse_project

FILE = """\
name: shop
variables: {{PLACE: {{type: regex, pattern: ".+", default: "{variable}"}}}}
secrets: {{KEY: {{}}}}
services:
  web:
    image: acme/web
    port: 8000
    {web}
jobs: {{seed: {{like: web, command: seed}}}}
stores:
  cache: {{kind: redis}}
  other: {{kind: container, image: acme/x, {store}}}
{top}
environments: {{production: {{runtime: {runtime}}}}}
"""


def stack(web="", store="port: 1", top="", variable="data", runtime="docker"):
    text = FILE.format(web=web, store=store, top=top, variable=variable, runtime=runtime)
    return parse_project(text, Path("/p")).outline("production")


def found(*arguments, **named):
    return list(beyond(stack(*arguments, **named)))


@pytest.mark.parametrize(
    "web",
    [
        "",
        "volumes: [/data, 'kept:/kept', '${PLACE}:/d:ro']",
        "security: {cap_add: [NET_BIND_SERVICE, CHOWN], read_only: false, pids: off}",
        "user: '1000:0'",
        "compose: {shm_size: 1g, ulimits: {nofile: 1000}, oom_score_adj: 100, labels: {a: b}, privileged: true}",
        "build: {context: web}",
    ],
)
def test_what_a_container_may_be(web):
    assert found(web) == []


@pytest.mark.parametrize(
    ("web", "why"),
    [
        ("volumes: ['/etc:/etc']", "volume /etc:/etc: a folder of the machine"),
        ("volumes: ['/var/run/docker.sock:/s:ro']", "volume /var/run/docker.sock"),
        ("volumes: ['./x:/x']", "volume ./x:/x"),
        ("volumes: ['../../../../etc:/x']", "volume ../../../../etc:/x"),
        ("volumes: ['.:/x']", "volume .:/x"),
        ("volumes: ['${PLACE}:/x']", "volume ${PLACE}:/x"),
        ("security: {root: true}", "may run as root"),
        ("security: off", "root"),
        ("user: root", "may run as root"),
        ("user: '0'", "may run as root"),
        ("user: '00:5'", "may run as root"),
        ("security: {no_new_privileges: false}", "may become root"),
        ("security: {cap_add: [SYS_ADMIN]}", "capabilities: SYS_ADMIN"),
        ("security: {cap_add: [CHOWN, ALL]}", "capabilities: ALL"),
        ("security: {cap_add: [SYS_PTRACE]}", "capabilities"),
        ("publish: ['22:22']", "publish: 22:22"),
        ("compose: {devices: [/dev/sda]}", "compose: devices"),
        ("compose: {devices: ['${PLACE}']}", "compose: devices"),
        ("compose: {oom_score_adj: -900}", "compose: oom_score_adj below 0"),
        ("compose: {shm_size: nonsense}", "compose: what it says"),
    ],
)
def test_what_it_must_not_be(web, why):
    said = found(web, variable="/etc")
    assert said and all(why in one for one in said), said
    assert {one.partition(":")[0] for one in said} == {"web", "seed"}  # a job is in the container of what it is like
    with pytest.raises(Refused, match="could take the machine") as refused:
        require_within(stack(web, variable="/etc"), everything=False)
    assert "--allow-root" in refused.value.hint


def test_stores_and_volumes_count():
    assert found(store="volumes: ['/:/host']") == ["store other: volume /:/host: a folder of the machine"]
    assert found(store="security: {root: true}") == ["store other: it may run as root"]


def test_what_runs_beside_containers():
    command = "secret_backend: {kind: exec, get: /bin/evil}"
    assert found(top=command) == ["secrets: their back end is a command of this machine"]
    assert list(beyond(stack(top=command), everything=False)) == []
    assert ["runtime" in one for one in found(runtime="process")] == [True]
    assert list(beyond(stack(runtime="process"), everything=False)) == []  # that user's processes, as the guide says


def test_what_prepares_files_runs_on_the_machine():
    """Their server is in an image that is made; what makes the files of it is not."""
    text = "name: shop\nservices: {{site: {{source: site, static: dist{more}}}}}\n"
    text += "environments: {{production: {{runtime: docker}}}}\n"
    made, plain = (
        parse_project(text.format(more=more), Path("/p")).outline("production")
        for more in (", prepare: {run: [npm ci]}", "")
    )
    assert list(beyond(made)) == ["site: prepare: its commands run on this machine"]
    assert list(beyond(made, everything=False)) == list(beyond(plain)) == []


def test_backups_go_to_no_folder_of_the_machine():
    database = (
        "  db:\n    kind: postgres\n    backup: {{logical: daily, to: {to}, {more}}}\n    drill: {{every: 7d{key}}}"
    )
    keys = "access_key: KEY, secret_key: KEY"
    assert found(top=database.format(to="s3://bucket/x", more=keys, key="")) == []
    assert found(top=database.format(to="/etc/cron.d", more="", key=", key: /root/key")) == [
        "store db: backup: to /etc/cron.d: a folder of the machine",
        "store db: drill: key /root/key: a file of the machine",
    ]


@pytest.mark.parametrize(
    ("host", "writable", "has"),
    [
        ("", (), False),
        ("", (SOCKET,), True),
        ("unix:///run/mine.sock", ("/run/mine.sock",), True),
        ("unix:///run/mine.sock", (SOCKET,), True),
        ("unix:///run/mine.sock", (), False),
        ("tcp://10.0.0.1:2376", (), True),
        ("ssh://root@here", (), True),
    ],
)
def test_who_may_use_an_engine_has_the_machine_wherever_it_is_asked(host, writable, has, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "access", lambda path, _: path in writable)
    assert has_everything() == has
