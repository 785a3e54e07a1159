"""Secrets change while they are in use: under load, on a real Redis, and nobody's request or login fails."""

import base64
import contextlib
import hashlib
import http.client
import json
import shutil
import subprocess
import threading
import time
import urllib.parse
from collections import deque

import pytest
import redis
from cli_site import APPS, await_line
from tests.commands import python
from tests.living import files_with

from fairlead.demo.sandbox import free_port
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
CACHE, LIFETIME = 1.0, 2.0  #: seconds, as the project file says
ADMIN = "canary-admin-0123456789"

FILE = """\
name: shop
secrets:
  TOKEN_KEY: {{generate: ed25519, rotate: {{every: 90d, kind: jwt, cache: 1s, lifetime: 2s{reload}}}}}
  REDIS_PASSWORD:
    generate: password
    rotate: {{every: 90d, kind: redis, url: "{url}", user: app, lag: 1s, admin: REDIS_ADMIN{reload}}}
  REDIS_ADMIN: {{}}
  SESSION_KEY: {{generate: hex, rotate: 1s}}
services:
  web:
    source: ./app
    command: {serve}
    port: 8000
    health: {{ready: /health, interval: 100ms, deadline: 90s}}
    routes: ["/"]
    env: {{REDIS_URL: "{url}", READ_ANEW: "{anew}"}}
    secrets: [TOKEN_KEY, REDIS_PASSWORD, SESSION_KEY]
    replicas: {replicas}
    stop: {{drain: 1s, grace: 5s}}
smoke: [{{path: /login}}]
rollout: {{watch: off}}
environments:
  local: {{runtime: process, edge: {{http: {port}, address: 127.0.0.1}}}}
"""


@pytest.fixture(scope="module")
def server(need, tmp_path_factory):
    """`server(app, admin)`: the port of a Redis with an administrator and a user `app`, and its file of users."""
    program = need("redis-server")
    started = []

    def start(app, admin):
        folder = tmp_path_factory.mktemp("redis")

        def line(user, password, may):
            return f"user {user} on #{hashlib.sha256(password.encode()).hexdigest()} ~* &* {may}"

        users = (line("default", admin, "+@all"), line("app", app, "+ping +get +set"))
        (folder / "users.acl").write_text("\n".join(users) + "\n")
        port = free_port()
        argv = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        started.append(subprocess.Popen([*argv, "--aclfile", str(folder / "users.acl")], stdout=subprocess.DEVNULL))
        return port, folder / "users.acl"

    yield start
    for process in started:
        process.terminate()
        process.wait()


def prepare(site, start, read=False, replicas=1):
    """A deployed project whose services use all of it; the file of users of its Redis."""
    shutil.copy(APPS / "tokens.py", site.folder / "app")
    write(site, free_port(), read, replicas)
    assert site.run("secrets", "init", "local").returncode == 0
    administer(site, ADMIN)
    port, users = start(value(site, "REDIS_PASSWORD"), ADMIN)
    write(site, port, read, replicas)
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    return users


@pytest.fixture(scope="module")
def prepared(shared, server):
    """One for several tests, each of which leaves no rotation under way."""
    shared.users_file = prepare(shared, server, replicas=2)
    return shared


@pytest.fixture
def read_anew(site, server):
    """One of services that read all of it again when they are told to."""
    site.users_file = prepare(site, server, read=True, replicas=2)
    return site


def administer(site, phrase):
    (site.root / "admin").write_text(phrase)
    done = site.run("secrets", "set", "local", "REDIS_ADMIN", "--from", str(site.root / "admin"))
    assert done.returncode == 0, done.stderr


def write(site, port, read, replicas):
    serve = python("lean.py 127.0.0.1 ${PORT} tokens")
    reload = ", reload: read" if read else ""
    values = {"serve": serve, "port": site.port, "url": f"redis://127.0.0.1:{port}", "reload": reload}
    values["replicas"] = replicas
    (site.folder / "fairlead.yaml").write_text(FILE.format(anew="1" if read else "0", **values))


def value(site, name):
    done = site.run("secrets", "get", "local", name)
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n")


class Users:
    """They sign in, come back with a token as long as it lives, and check tokens against keys they have kept."""

    def __init__(self, port):
        self.port, self.failed, self.done, self.kids = port, [], 0, set()
        self.tokens, self.known, self.fetched = deque(), set(), -CACHE
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(act,)) for act in (self._tokens, self._login)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _run(self, act):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        while not self.stopping.wait(0.1):
            try:
                act(connection)
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()

    def _ask(self, connection, path):
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        self.done += 1
        if answer.status != 200:
            self.failed.append(f"{path.partition('?')[0]}: {answer.status} {body}")
        return body

    def _login(self, connection):
        self._ask(connection, "/login")

    def _tokens(self, connection):
        now = time.monotonic()
        if now - self.fetched > CACHE:
            self.known = {one["kid"] for one in json.loads(self._ask(connection, "/jwks"))["keys"]}
            self.fetched = now
        token = self._ask(connection, "/sign")
        kid = json.loads(_raw(token.partition(".")[0]))["kid"]
        self.kids.add(kid)
        if kid not in self.known and time.monotonic() - self.fetched <= CACHE:
            self.failed.append(f"{kid} signs, and who fetched the keys less than {CACHE} s ago has it not")
        self.tokens.append((now, token))
        while self.tokens[0][0] < now - LIFETIME:
            self.tokens.popleft()
        for _, one in (self.tokens[0], self.tokens[-1]):
            self._ask(connection, f"/verify?token={urllib.parse.quote(one)}")


def _raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    "which",
    [
        pytest.param("prepared", id="restarted"),
        pytest.param("read_anew", id="read anew", marks=pytest.mark.long(seconds=40)),
    ],
)
def test_nobody_is_refused_while_keys_and_passwords_rotate(which, request):
    site = request.getfixturevalue(which)
    before = {name: value(site, name) for name in ("TOKEN_KEY", "REDIS_PASSWORD", "SESSION_KEY")}
    live = site.live()
    with Users(site.port) as users:
        for name in before:
            done = site.run("secrets", "rotate", "local", name)
            assert done.returncode == 0, done.stderr
            assert f"{name} is rotated" in done.stdout
    assert users.failed == []
    assert users.done > 50 and len(users.kids) == 2
    after = {name: value(site, name) for name in before}
    assert all(after[name] != before[name] for name in before)
    assert not logs_in(site, before["REDIS_PASSWORD"]) and logs_in(site, after["REDIS_PASSWORD"])
    acl = site.users_file.read_text()  # kept beyond a restart of the server
    assert digest(after["REDIS_PASSWORD"]) in acl and digest(before["REDIS_PASSWORD"]) not in acl
    assert nowhere(site, *before.values(), *after.values())
    assert (live == site.live()) is False  # what services cannot read again is a release of its own
    assert wait_until(lambda: site.run("secrets", "due", "local").returncode == 1, 240)  # a second after its rotation
    history = site.json("secrets", "due", "local", code=1)
    assert history["due"] == ["SESSION_KEY"] and history["under_way"] == []


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def logs_in(site, password):
    url = next(line for line in (site.folder / "fairlead.yaml").read_text().split('"') if line.startswith("redis://"))
    client = redis.Redis.from_url(url, username="app", password=password)
    try:
        return bool(client.ping())
    except redis.AuthenticationError:
        return False
    finally:
        client.close()


def nowhere(site, *values):
    """No value stands anywhere but in the secret files."""
    place = site.home / "shop" / "local"
    found = files_with(place, *(value.strip() for value in values))
    found = [path for path in found if "secrets" not in path.relative_to(place).parts]
    assert found + files_with(place / "secrets", *values[: len(values) // 2]) == []
    return True


def test_the_keeper_goes_on_when_the_time_has_come(prepared):
    before = value(prepared, "REDIS_PASSWORD")
    done = prepared.run("secrets", "rotate", "local", "REDIS_PASSWORD", "--no-wait")
    assert done.returncode == 0, done.stderr
    assert "the keeper goes on in" in done.stdout
    again = prepared.run("secrets", "rotate", "local", "REDIS_PASSWORD")
    assert again.returncode in (3, 4), again.stderr  # too soon: under way, or the keeper has just finished it
    prepared.run("deploy", "local")  # a deployment in between keeps to what is in use
    assert wait_until(lambda: not logs_in(prepared, before), 240, 0.2)
    assert wait_until(lambda: prepared.run("secrets", "due", "local").stdout.count("under way") == 0, 240, 0.2)
    assert logs_in(prepared, value(prepared, "REDIS_PASSWORD"))


def test_a_killed_command_is_undone_or_finished_by_the_keeper(prepared):
    before = value(prepared, "TOKEN_KEY")
    process = prepared.start("secrets", "rotate", "local", "TOKEN_KEY")
    await_line(process, "stderr", "verifiers know the new")
    process.kill()
    process.wait()
    process.stderr.close()
    process.stdout.close()
    assert wait_until(lambda: "under way" not in prepared.run("secrets", "due", "local").stdout, 240, 0.2)
    assert value(prepared, "TOKEN_KEY") == before
    with Users(prepared.port) as users:
        wait_until(lambda: users.done > 20, 240, 0.05)
    assert users.failed == []


def test_what_cannot_work_is_refused_before_anything_is_touched(prepared):
    kept = under_way(prepared)
    plan = prepared.json("secrets", "rotate", "local", "REDIS_PASSWORD", "--plan")
    assert [step["kind"] for step in plan["steps"]][:3] == ["stage", "accept", "verify"]
    before = value(prepared, "REDIS_PASSWORD")
    done = prepared.run("secrets", "rotate", "local", "NONE")
    assert done.returncode == 2 and 'there is no secret "NONE"' in done.stderr
    done = prepared.run("secrets", "rotate", "local", "REDIS_ADMIN")
    assert done.returncode == 2, done.stderr  # nothing on standard input
    administer(prepared, "canary-wrong-0123456789")
    tries = iter(lambda: prepared.run("secrets", "rotate", "local", "REDIS_PASSWORD"), None)
    done = next(one for one in tries if "was rotated so lately" not in one.stderr)  # by the test before
    assert done.returncode == 3 and "does not take the password of default" in done.stderr
    assert value(prepared, "REDIS_PASSWORD") == before and logs_in(prepared, before)
    assert "canary-wrong" not in done.stderr + done.stdout
    assert not under_way(prepared) - kept  # the keeper may have tidied meanwhile
    administer(prepared, ADMIN)


def under_way(site):
    """What is written down of rotations; a killed command may have left something half-written there."""
    with contextlib.suppress(FileNotFoundError):
        return set((site.home / "shop" / "local" / "secrets" / ".rotation").iterdir())
    return set()
