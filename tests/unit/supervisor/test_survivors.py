"""What outlived its supervisord is known by its starts file alone, and nobody else is ever taken for it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.supervisor.supervisor import Supervisor
from fairlead.supervisor.survivors import end_program, have_starts, last_started, read_starts
from fairlead.system import processes
from fairlead.system.home import Place


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as child:
        yield child
        child.kill()


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    path = tmp_path / "starts"
    have_starts(path)
    return path


def begun(starts: Path, mark: str) -> None:
    with starts.open("a") as file:
        file.write(f"{mark}\n")


def test_a_number_that_is_used_again_is_a_stranger(child, starts, tmp_path):
    one = processes.look(child.pid)
    begun(starts, f"{one.pid} {int(one.started) - 1}")
    assert last_started(starts) is None
    end_program(Supervisor(Place(tmp_path)), "edge", starts, 0.1)
    assert one.alive()


def test_only_the_last_start_counts(child, starts):
    one = processes.look(child.pid)
    begun(starts, f"{one.pid} {one.started}")
    assert last_started(starts) == one
    begun(starts, "1 0")
    assert last_started(starts) is None
    assert len(read_starts(starts)) == 2


def test_a_half_written_line_is_no_start(child, starts):
    one = processes.look(child.pid)
    begun(starts, f"{one.pid} {one.started}")
    with starts.open("a") as file:
        file.write(f"{one.pid} {one.started[:-1]}")
    assert last_started(starts) == one


def test_a_survivor_is_ended(child, starts, tmp_path):
    one = processes.look(child.pid)
    begun(starts, f"{one.pid} {one.started}")
    end_program(Supervisor(Place(tmp_path)), "edge", starts, 10)
    assert not one.alive()
    end_program(Supervisor(Place(tmp_path)), "edge", starts, 10)
