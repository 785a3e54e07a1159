"""The passwords of a user of a real Redis: two at a time, kept beyond a restart where that works, said where not."""

import subprocess
import time

import pytest
import redis

from fairlead.demo.sandbox import free_port
from fairlead.errors import FairleadError, Refused, Temporary
from fairlead.masking import Secret
from fairlead.project.stack import Rotate, SecretSpec
from fairlead.secrets.rotation.kinds.redis import digest, server
from fairlead.secrets.rotation.slot import Slot, Version
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
OLD, NEW, ADMIN = Secret("canary-old-0123456789"), Secret("canary-new-0123456789"), Secret("canary-admin-0123456789")
SELF = "+ping +acl|setuser +acl|getuser +acl|whoami +acl|save +client|list +client|kill"


class Redis:
    def __init__(self, program, folder, may="+ping", how="acl"):
        self.program, self.folder, self.how, self.port = program, folder, how, free_port()
        users = f"user default on #{digest(ADMIN)} ~* &* +@all\nuser app on #{digest(OLD)} ~* &* {may}\n"
        (folder / "users.acl").write_text(users)
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {folder}", 'save ""', f"logfile {folder}/log"]
        lines += [f"aclfile {folder}/users.acl"] if how == "acl" else users.splitlines()
        (folder / "redis.conf").write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        argv = [self.program, str(self.folder / "redis.conf")]
        if self.how == "nothing":
            argv = [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
            argv += ["--user", *(self.folder / "users.acl").read_text().splitlines()[0].split()[1:]]
            argv += ["--user", *(self.folder / "users.acl").read_text().splitlines()[1].split()[1:]]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        assert wait_until(lambda: self.takes("default", ADMIN), 240)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def client(self, user, password):
        return redis.Redis(port=self.port, username=user, password=password.reveal(), decode_responses=True)

    def takes(self, user, password):
        client = self.client(user, password)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def user(self, admin=True):
        slot = Slot("R", Version("1", "live", OLD), Version("2", "prepared", NEW), ADMIN if admin else None)
        rotate = Rotate(kind="redis", url=f"redis://127.0.0.1:{self.port}", user="app")
        return server(SecretSpec("R", rotate=rotate), slot)


@pytest.fixture
def started(need, tmp_path):
    running = []

    def start(**how):
        running.append(Redis(need("redis-server"), tmp_path, **how))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.mark.parametrize("admin", [True, False], ids=["by an administrator", "by itself"])
def test_both_are_taken_then_the_new_one_alone(started, admin):
    one = started(may="+ping" if admin else SELF)
    user = one.user(admin)
    user.check(OLD)
    for _ in range(2):  # each step may run twice
        assert user.accept(NEW) == ()
        assert one.takes("app", OLD) and one.takes("app", NEW)
    user.verify(NEW)
    for _ in range(2):
        assert user.refuse(OLD, NEW) == ()
        assert one.takes("app", NEW) and not one.takes("app", OLD)


@pytest.mark.parametrize("how", ["acl", "configuration"])
def test_a_restart_of_the_server_forgets_nothing(started, how):
    one = started(how=how)
    user = one.user()
    assert user.accept(NEW) == ()
    one.stop()
    one.start()
    assert one.takes("app", OLD) and one.takes("app", NEW)
    assert user.refuse(OLD, NEW) == ()
    one.stop()
    one.start()
    assert one.takes("app", NEW) and not one.takes("app", OLD)


def test_a_server_that_forgets_is_told_of(started):
    [note] = started(how="nothing").user().accept(NEW)
    assert "neither an aclfile nor a configuration file" in note


def test_the_new_one_goes_again_when_it_is_taken_back(started):
    one = started()
    user = one.user()
    user.accept(NEW)
    user.refuse(NEW, OLD)
    assert one.takes("app", OLD) and not one.takes("app", NEW)


def test_connections_outlive_their_password_and_are_counted_and_ended(started):
    one = started()
    old = one.client("app", OLD)
    old.ping()
    user = one.user()
    user.accept(NEW)
    since = time.monotonic()
    assert wait_until(lambda: user.holders(0) == 1, 240, 0.2)  # the server counts whole seconds
    assert user.holders(3600) == 0
    user.refuse(OLD, NEW)
    assert old.ping()
    assert user.expel(0) == 1
    assert time.monotonic() > since and not one.takes("app", OLD)
    old.close()


def test_no_value_passes_through_a_command_or_a_log(started):
    one = started()
    client = one.client("default", ADMIN)
    client.config_set("slowlog-log-slower-than", 0)
    with client.monitor() as watched:
        user = one.user()
        user.check(OLD)
        user.accept(NEW)
        user.refuse(OLD, NEW)
        client.ping()
        seen = []
        for command in watched.listen():
            seen.append(command["command"])
            if command["command"] == "PING":
                break
    text = "\n".join(seen) + str(client.slowlog_get(100)) + (one.folder / "log").read_text()
    assert "AUTH (redacted) (redacted)" in text and "setuser" in text.lower()
    assert not any(value.reveal() in text for value in (OLD, NEW, ADMIN))
    client.close()


def test_what_cannot_work_is_refused_first(started):
    one = started()
    with pytest.raises(Refused, match="app may not use ACL"):
        one.user(admin=False).check(OLD)
    with pytest.raises(Refused, match="what is kept is not what the server takes"):
        one.user().check(NEW)
    with pytest.raises(FairleadError, match="does not take the password of app"):
        one.user().verify(NEW)
    one.client("default", ADMIN).acl_deluser("app")
    with pytest.raises(Refused):
        one.user().check(OLD)


def test_a_server_that_does_not_answer_is_said(started):
    one = started()
    one.stop()
    with pytest.raises(Temporary, match=r"redis://127.0.0.1:\d+ does not answer"):
        one.user().check(OLD)
    one.start()
