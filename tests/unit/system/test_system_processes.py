"""Processes by identity, and groups that end whole."""

from __future__ import annotations

import os
import signal

import pytest

from fairlead.system import processes
from fairlead.system.clock import wait_until
from fairlead.system.processes import Process, end_group, from_mark, group_members, look, wait_exit

FAMILY = """
import subprocess, sys, time
inner = "import time; time.sleep(600)"
outer = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {inner!r}]); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", outer])
print("up", flush=True)
time.sleep(600)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
HEARS = """
import signal
signal.signal(signal.SIGUSR1, lambda *_: print("heard", flush=True))
print("up", flush=True)
while True:
    signal.pause()
"""
HEIR = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("up", flush=True)
"""


def up(script, code: str) -> Process:
    child = script(code)
    assert child.stdout.readline() == "up\n"
    found = look(child.pid)
    assert found is not None
    return found


def test_a_process_is_known_by_number_and_start() -> None:
    me = look(os.getpid())
    assert me is not None
    assert me.alive()
    assert not Process(os.getpid(), "1").alive()  # the same number, started at another time
    assert from_mark(f"{me.pid} {me.started}") == me
    assert from_mark(f"{me.pid} -") == me  # the launcher could not tell
    for stale in (f"{me.pid} 1", "", "x 1", "999999999 1", f"-{me.pid} {me.started}"):
        assert from_mark(stale) is None


def test_a_zombie_does_not_live(script) -> None:
    child = script("print('up', flush=True)")
    child.stdout.readline()
    assert wait_until(lambda: processes.started(child.pid) is None, 120)
    os.kill(child.pid, 0)  # it is still in the table, since nobody has asked for its end
    assert group_members(child.pid) == ()
    child.wait()
    assert look(child.pid) is None


def test_a_group_ends_with_its_grandchildren(script) -> None:
    leader = up(script, FAMILY)
    assert wait_until(lambda: len(group_members(leader.pid)) == 3, 120)
    end_group(leader, signal.SIGTERM, 30)
    assert wait_until(lambda: group_members(leader.pid) == (), 120)
    assert not leader.alive()


def test_who_ignores_the_signal_is_killed(script) -> None:
    leader = up(script, DEAF)
    assert not end_group(leader, signal.SIGTERM, 0.2)
    assert not leader.alive()


def test_who_obeys_goes_by_itself(script) -> None:
    leader = up(script, "print('up', flush=True); import time; time.sleep(600)")
    assert end_group(leader, signal.SIGTERM, 30)
    assert end_group(leader, signal.SIGTERM, 30)  # a second time does nothing


def test_what_a_dead_leader_left_is_ended_too(script) -> None:
    child = script(HEIR)
    child.stdout.readline()
    assert wait_until(lambda: processes.started(child.pid) is None, 120)
    assert len(group_members(child.pid)) == 1
    end_group(Process(child.pid, "1"), signal.SIGTERM, 0.1)
    assert wait_until(lambda: group_members(child.pid) == (), 120)


def test_orphans_of_a_leader(script) -> None:
    child = script(HEIR)
    leader = look(child.pid)
    child.stdout.readline()
    child.wait()
    assert leader is not None
    mark = f"{leader.pid} {leader.started}"
    assert processes.orphans(mark) == group_members(leader.pid) != ()
    later = int(leader.started) + 10**6
    assert processes.orphans(f"{leader.pid} {later}") == ()  # a group from before that leader is a stranger's
    for nothing in ("", "x", f"{leader.pid} -"):
        assert processes.orphans(nothing) == ()
    processes.kill(processes.orphans(mark))
    assert wait_until(lambda: group_members(leader.pid) == (), 120)
    processes.kill((child.pid,))


def test_waiting_for_an_exit(script) -> None:
    leader = up(script, DEAF)
    assert not wait_exit(leader, 0.05)
    os.kill(leader.pid, signal.SIGKILL)
    assert wait_exit(leader, 30)
    assert wait_exit(leader, 0)
    assert wait_exit(Process(os.getpid(), "1"), 0)  # somebody else has the number now


def test_signals_to_nobody(script) -> None:
    child = script("pass")
    child.wait()
    processes.signal_group(child.pid, signal.SIGTERM)


def test_command_line(script) -> None:
    child = script("print('up', flush=True); import time; time.sleep(600)", "a b")
    child.stdout.readline()
    assert processes.command_line(child.pid).split()[-2:] == ["a", "b"]
    child.kill()
    child.wait()
    assert processes.command_line(child.pid) == ""


@pytest.mark.parametrize("name", ["with ) paren", "(two words)"])
def test_names_that_look_like_the_end_of_a_field(script, name: str) -> None:
    """The kernel writes the name of a program between brackets, whatever is in it."""
    code = f"open('/proc/self/comm', 'w').write({name[:15]!r}); print('up', flush=True); import time; time.sleep(600)"
    leader = up(script, code)
    assert leader.alive()
    assert group_members(leader.pid) == (leader.pid,)


@pytest.mark.parametrize("error", [FileNotFoundError, ProcessLookupError, PermissionError])
def test_one_that_ends_while_it_is_looked_for(error, monkeypatch):
    """The kernel says no such file, or no such process, by how far its end has come."""

    def refused(path, flags):
        raise error(path)

    monkeypatch.setattr(processes.os, "open", refused)
    assert processes._stat(os.getpid()) == []
    with_none = processes.usage([os.getpid()])
    assert (with_none.processes, with_none.memory) == (0, 0)


def test_a_signal_is_sent_to_those_alone_whom_it_does_not_end(script) -> None:
    child = script(HEARS)
    assert child.stdout.readline() == "up\n"
    found = look(child.pid)
    assert found is not None
    assert processes.tell(found, signal.SIGUSR1)
    assert child.stdout.readline() == "heard\n"
    assert not processes.tell(found, signal.SIGUSR2)
    assert not processes.tell(Process(child.pid, "1"), signal.SIGUSR1)
    assert found.alive()
