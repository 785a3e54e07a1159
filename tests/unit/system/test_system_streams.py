"""A program whose output is passed on while it runs."""

import os
import sys
import tempfile

import pytest

from fairlead.errors import FairleadError
from fairlead.system.commands import Command
from fairlead.system.streams import stream
from fairlead.system.threads import side_by_side


def run(code, silence=20.0, given=b""):
    told = []
    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        return stream(Command((sys.executable, "-c", code)), told.append, file, silence), told


def test_lines_come_as_they_are_written():
    code = "import sys; print(sys.stdin.read()); print('x', file=sys.stderr); print('end', end='')"
    done, told = run(code, given=b"in")
    assert done and sorted(told) == ["end", "in", "x"]


def test_the_exit_code():
    done, _ = run("raise SystemExit(3)")
    assert (bool(done), done.code, done.timed_out) == (False, 3, False)


def test_one_that_falls_silent_is_ended():
    told = []
    with open(os.devnull, "rb") as nothing:  # a shell begins at once, also on a busy machine
        done = stream(Command(("sh", "-c", "echo a; exec sleep 600")), told.append, nothing, 2.0)
    assert done.timed_out and told == ["a"]


def test_a_program_that_is_not_there():
    with open(os.devnull, "rb") as nothing:
        done = stream(Command(("/no/such/program",)), print, nothing, 1.0)
    assert done.code == 127 and "No such file" in done.output


def test_whoever_listens_may_give_up():
    def stop(line):
        raise FairleadError(line)

    command = Command((sys.executable, "-c", "import time; print('a', flush=True); time.sleep(60)"))
    with open(os.devnull, "rb") as nothing, pytest.raises(FairleadError, match="a"):
        stream(command, stop, nothing, 120.0)


def test_side_by_side():
    def fail(text):
        raise FairleadError(text)

    assert side_by_side([lambda: 1, lambda: 2]) == [1, 2] and side_by_side([]) == []
    with pytest.raises(FairleadError, match="first"):
        side_by_side([lambda: 1, lambda: fail("first"), lambda: fail("second")])
