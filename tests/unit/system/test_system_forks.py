"""Work in a fork: its one word, its error, and its end with its parent."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.system import forks, processes
from fairlead.system.clock import wait_until
from fairlead.system.forks import Helper, Meanwhile, fork


def test_what_it_says() -> None:
    never, _ = os.pipe()
    assert fork(lambda: json.dumps({"pid": os.getpid() != 0})).answer(never) == '{"pid": true}'


def test_an_error_is_shown_and_nothing_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    never, _ = os.pipe()
    assert fork(lambda: str(1 // 0)).answer(never) == ""
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_an_interruption_ends_it() -> None:
    reading, writing = os.pipe()
    os.write(writing, b".")
    begun = fork(lambda: str(signal.pause()))
    assert begun.answer(reading) is None
    assert processes.started(begun.pid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import signal
        from fairlead.system.forks import fork
        print(fork(lambda: str(signal.pause())).pid, flush=True)
        signal.pause()
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = processes.look(int(parent.stdout.readline()))
        assert child
        parent.kill()
    assert wait_until(lambda: not child.alive(), 120)


def test_it_is_heard_without_being_waited_for() -> None:
    reading, writing = os.pipe()
    begun = fork(lambda: os.read(reading, 1).decode())
    assert begun.heard() is None
    os.write(writing, b"x")
    assert select.select([begun.said], [], [], 10)[0]
    assert begun.heard() == "x"


def test_something_else_is_done_meanwhile() -> None:
    reading, writing = os.pipe()
    never, _ = os.pipe()
    begun = fork(lambda: os.read(reading, 1).decode())
    assert begun.answer(never, meanwhile=Meanwhile(lambda: os.write(writing, b"y"))) == "y"


def test_the_end_of_a_process_is_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "EVERY", 3600.0)
    reading, writing = os.pipe()
    late, give_up = os.pipe()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        told: list[int] = []
        begun = fork(lambda: os.read(reading, 1).decode())

        def pids() -> set[int]:
            if told:
                return set()
            other.kill()  # not before it is asked who is looked after: one that is dead by then is nobody
            return {other.pid}

        meanwhile = Meanwhile(lambda: (told.append(1), os.write(writing, b"z")), pids)
        alarm = threading.Timer(60.0, os.write, (give_up, b"x"))  # who does not notice would wait for an hour
        alarm.start()
        try:
            assert begun.answer(late, meanwhile=meanwhile) == "z"
        finally:
            alarm.cancel()


def test_one_that_is_ended_is_gone() -> None:
    begun = fork(lambda: str(signal.pause()))
    begun.end()
    assert processes.started(begun.pid) is None


@pytest.fixture
def never() -> int:
    return os.pipe()[0]


@pytest.fixture
def helper() -> Iterator[Helper]:
    """It says how often it was asked, and which process it is."""
    asked: list[str] = []

    def work(question: str) -> str:
        asked.append(question)
        if question == "fail":
            return str(1 // 0)
        return f"{len(asked)} {os.getpid()}"

    helper = Helper(work, rest=1000.0)
    yield helper
    helper.end()


def test_a_helper_is_the_same_process_each_time(helper: Helper, never: int) -> None:
    first, second = helper.ask("a", never), helper.ask("b", never)
    assert first and second
    assert first.split()[0] == "1" and second.split()[0] == "2"
    assert first.split()[1] == second.split()[1] != str(os.getpid())


def test_a_helper_that_failed_begins_anew(helper: Helper, never: int, capfd: pytest.CaptureFixture[str]) -> None:
    helper.ask("a", never)
    assert helper.ask("fail", never) == ""
    assert "ZeroDivisionError" in capfd.readouterr().err
    answer = helper.ask("b", never)
    assert answer and answer.startswith("1 ")


def test_a_helper_that_was_killed_begins_anew(helper: Helper, never: int) -> None:
    pid = int((helper.ask("a", never) or "").split()[1])
    killed = processes.look(pid)
    os.kill(pid, signal.SIGKILL)
    assert killed and wait_until(lambda: not killed.alive(), 120)
    answer = helper.ask("b", never)
    assert answer and answer.startswith("1 ")


def test_a_helper_is_gone_when_it_has_rested(helper: Helper, never: int) -> None:
    pid = int((helper.ask("a", never) or "").split()[1])
    helper.look()
    assert processes.started(pid) is not None
    helper.rest = 0.0
    helper.look()
    assert processes.started(pid) is None


def test_an_interruption_ends_a_helper() -> None:
    reading, writing = os.pipe()
    told, tell = os.pipe()
    helper = Helper(lambda question: os.write(tell, f"{os.getpid()}\n".encode()) and str(signal.pause()), rest=1000.0)
    os.write(writing, b".")
    assert helper.ask("a", reading) is None
    os.close(tell)
    with open(told) as file:
        pid = file.read()
    assert not pid or processes.started(int(pid)) is None
