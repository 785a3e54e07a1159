"""Files of an instance that a crash of the disk left damaged, and files that grew: nothing of it stops the work."""

import errno
import json
import shutil
import sys

import pytest
from instances import one, ready, spec
from running import eventually, processes_with

from fairlead.project.stack import Stop
from fairlead.runtimes.folder import InstanceFolder
from fairlead.runtimes.process.logs import rotate
from fairlead.supervisor.supervisor import LAUNCH
from fairlead.supervisor.survivors import have_starts, last_started, read_starts
from fairlead.system import processes
from fairlead.system.commands import Command, run

pytestmark = pytest.mark.real
SHARED = True

DAMAGED = ["", "{", "[]", "{}", "\0\0\0", '{"release": "r1", "health": 3}']


def test_a_damaged_spec_can_be_seen_and_removed(runtime):
    [other] = ready(runtime, spec(index=2))
    for text in DAMAGED:
        [id] = ready(runtime, spec())
        runtime.stop([id])
        (runtime.place.instances / id / "spec.json").write_text(text)
        seen = one(runtime, id)
        assert (seen.release, seen.service, seen.index, seen.phase, seen.job) == ("r1", "web", 1, "stopped", False)
        assert one(runtime, other).living
        runtime.remove([id])
        assert [instance.id for instance in runtime.observe()] == [other], text
        assert list(runtime.ports.taken()) == [one(runtime, other).port], text


def test_a_damaged_spec_is_made_anew_by_a_start(runtime):
    [id] = ready(runtime, spec())
    before = one(runtime, id)
    runtime.stop([id])
    (runtime.place.instances / id / "spec.json").write_text("")
    ready(runtime, spec())
    assert (one(runtime, id).living, one(runtime, id).port) == (True, before.port)


def test_an_instance_that_runs_goes_on_with_a_damaged_spec(runtime):
    [id] = ready(runtime, spec())
    before = one(runtime, id)
    (runtime.place.instances / id / "spec.json").write_text("{")
    after = one(runtime, id)
    assert (after.living, after.port, after.verified, after.pid) == (True, before.port, True, before.pid)
    runtime.stop([id])
    assert one(runtime, id).phase == "stopped"


def test_a_folder_that_is_no_instance_is_left_out(runtime):
    strange = runtime.place.instances / "lost+found"
    strange.mkdir(parents=True)
    (strange / "spec.json").write_text("")
    assert runtime.observe() == ()


def test_the_log_says_that_a_spec_is_damaged(tmp_path):
    (tmp_path / "spec.json").write_text("{")
    done = run(Command((sys.executable, "-I", "-S", str(LAUNCH), str(tmp_path / "spec.json"))))
    assert done.code == 127
    assert "spec.json is damaged" in (tmp_path / "log").read_text()


def test_a_damaged_line_of_starts_is_nobody(tmp_path):
    (tmp_path / "starts").write_bytes(b"# 3 earlier\n1 2\n\xff\xb2 \xb2\n")
    folder = InstanceFolder(tmp_path)
    assert folder.process() is None
    assert len(folder.starts()) == 5


def test_starts_stay_few_and_their_number_true(tmp_path):
    """A program that crashes for ever: what is read of it in each round must not grow with it."""
    starts = tmp_path / "starts"
    have_starts(starts)
    with open(starts, "a") as file:
        file.writelines(f"{n} 1\n" for n in range(1, 3001))
    started(tmp_path, starts)
    assert read_starts(starts).count == 3001
    assert starts.stat().st_size < 1000
    for _ in range(3):
        started(tmp_path, starts)
    assert read_starts(starts).count == len(read_starts(starts)) == 3004
    assert read_starts(starts).last.split()[0].isdigit()


def started(folder, starts):
    """Start a program that ends at once, as supervisord would."""
    argv = ["/bin/true"]
    text = {"argv": argv, "cwd": "/", "env": {}, "log": str(folder / "log"), "starts": str(starts)}
    (folder / "spec.json").write_text(json.dumps(text))
    assert run(Command((sys.executable, "-I", "-S", str(LAUNCH), str(folder / "spec.json")))).code == 0


def test_starts_of_an_earlier_version_count(tmp_path):
    starts = tmp_path / "starts"
    starts.write_text("# PID START, a line per start\n1 2\n3 4\n5 6")
    assert (read_starts(starts).count, read_starts(starts).last) == (2, "3 4")
    assert last_started(starts) is None


def test_a_full_disk_does_not_shorten_and_does_not_stop_a_start(small_disk, tmp_path):
    starts = small_disk / "starts"
    starts.write_text("# 7 earlier\n" + "1 1\n" * 2000)
    fill(small_disk)
    started(tmp_path, starts)
    assert read_starts(starts).count == 2008
    assert not (small_disk / "starts.tmp").exists()


def fill(folder):
    """Leave no block free."""
    with open(folder / "filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\1" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC


def test_rotation_on_a_full_disk_gives_up_the_oldest(small_disk):
    log = small_disk / "log"
    log.write_bytes(b"now" * 50_000)
    for number in (1, 2, 3):
        log.with_name(f"log.{number}").write_bytes(b"%d" % number * 180_000)
    fill(small_disk)
    assert rotate(log, largest=1, kept=3)
    assert log.stat().st_size == 0
    assert log.with_name("log.1").read_bytes() == b"now" * 50_000
    assert {log.with_name(f"log.{n}").read_bytes()[:1] for n in (2, 3)} == {b"1", b"2"}


def test_rotation_without_any_room_empties_the_log(small_disk):
    log = small_disk / "log"
    log.write_bytes(b"now" * 100_000)
    log.with_name("log.1").write_bytes(b"1" * 8192)
    fill(small_disk)
    assert rotate(log, largest=1, kept=3)
    assert log.stat().st_size == 0
    assert {path.name for path in small_disk.iterdir()} == {"log", "filler"}


def test_a_copy_that_fails_costs_nothing(tmp_path, monkeypatch):
    """The disk fails in the middle of the copy: the kept ones stay as they are, and the next log gets its turn."""
    log = tmp_path / "log"
    log.write_text("now")
    log.with_name("log.1").write_text("before")

    def broken(*_):
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr(shutil, "copyfileobj", broken)
    assert not rotate(log, largest=1)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"log": "now", "log.1": "before"}
    assert not rotate(tmp_path, largest=1), "a folder is no log"


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    print("daemon", os.getpid(), flush=True)
    time.sleep(3600)
time.sleep(3600)
"""


@pytest.mark.parametrize("way", ["stop", "remove"])
def test_a_daemon_that_left_the_group_ends_with_its_instance(runtime, place, way):
    instance = spec("worker", argv=(sys.executable, "-S", "-c", DAEMON), listens=False)
    [id] = ready(runtime, instance)
    eventually(lambda: "daemon" in runtime.log_tail(id, 5))
    daemon = processes.look(int(runtime.log_tail(id, 5).split()[-1]))
    assert daemon.pid not in processes.group_members(one(runtime, id).pid)
    if way == "remove":
        leader = one(runtime, id)
        runtime.supervisor.end([id])
        eventually(lambda: not processes.group_members(leader.pid))
        assert daemon.alive()
        runtime.remove([id])
    else:
        runtime.stop([id])
    eventually(lambda: not daemon.alive())
    assert not processes_with(str(place.instances / id))


def test_a_daemon_that_ignores_the_signal_is_killed(runtime):
    deaf = DAEMON.replace("time.sleep", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep", 1)
    [id] = ready(runtime, spec("worker", argv=(sys.executable, "-S", "-c", deaf), listens=False, stop=Stop(grace=1)))
    eventually(lambda: "daemon" in runtime.log_tail(id, 5))
    daemon = processes.look(int(runtime.log_tail(id, 5).split()[-1]))
    runtime.stop([id])
    eventually(lambda: not daemon.alive())


def test_a_neighbour_is_left_alone(runtime):
    [first, tenth] = ready(runtime, spec(index=1), spec(index=10))
    runtime.stop([first])
    runtime.remove([first])
    assert one(runtime, tenth).living
