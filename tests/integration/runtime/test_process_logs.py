"""Each instance writes its own log; rotation copies and truncates it while the instance goes on writing."""

import re
from dataclasses import replace

import pytest
from instances import one, ready, spec
from running import eventually

from fairlead.project.stack import Container
from fairlead.project.stack_container import LogBounds
from fairlead.runtimes.process.log_marks import Marks
from fairlead.runtimes.process.logs import all_since, rotate
from fairlead.runtimes.process.runtime import log_files, rotate_logs

pytestmark = pytest.mark.real
SHARED = True


def numbers(path):
    """The numbers of the whole lines, and what is no whole line."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = [re.fullmatch(r"line (\d{8}) x{60}", line) for line in lines]
    return [int(match[1]) for match in found if match], [
        line for line, match in zip(lines, found, strict=True) if not match
    ]


def test_every_instance_has_its_own_log(runtime, place):
    ids = ready(runtime, *(spec("worker", index=n, program="talker.py") for n in (1, 2)))
    assert set(log_files(place)) == set(ids)
    for path in log_files(place).values():
        eventually(lambda path=path: len(numbers(path)[0]) > 3)
        assert path.stat().st_mode & 0o077 == 0
    assert not any("line 0000" in path.read_text() for path in place.supervisor.glob("*.log"))


def test_the_tail_is_the_end(runtime, place):
    [id] = ready(runtime, spec("worker", program="talker.py", env={"PAUSE": "60"}))
    assert runtime.log_tail(id, 1) == f"line {0:08d} {'x' * 60}"
    assert runtime.log_tail("r9.none.1", 5) == ""


def test_rotation_loses_no_line_at_moderate_speed(runtime, place):
    """50 lines a second. At most one, that fell into the microseconds between last copy and truncation, may go."""
    [id] = ready(runtime, spec("worker", program="talker.py", env={"PAUSE": "0.02"}))
    log = log_files(place)[id]
    rounds = 6
    for _ in range(rounds):
        eventually(lambda: len(numbers(log)[0]) >= 10)
        assert rotate(log, largest=1, kept=rounds)
    eventually(lambda: numbers(log)[0])
    pieces = [log.with_name(f"log.{n}") for n in range(rounds, 0, -1)] + [log]
    found = [number for piece in pieces for number in numbers(piece)[0]]
    torn = [line for piece in pieces for line in numbers(piece)[1] if not line.startswith("arguments")]
    assert found == sorted(found)
    assert len(found) == len(set(found)), "no line twice"
    assert len(set(range(found[-1])) - set(found)) <= 1
    assert torn == []
    assert one(runtime, id).starts == 1


def test_each_service_has_bounds_of_its_own(runtime, place):
    """And what was said since a time is all that is kept of it."""
    bounds = Container(logs=LogBounds(size=1, files=5))
    small, usual = (spec("worker", index=n, program="talker.py", env={"PAUSE": "60"}) for n in (1, 2))
    ready(runtime, replace(small, container=bounds), usual)
    logs, marks = log_files(place), Marks.of(place)
    for number in range(7):
        for log in logs.values():
            log.write_text(f"{number}\n")
        rotate_logs(place, marks)
    log = logs[small.id]
    assert {path.name for path in log.parent.glob("log.*")} == {f"log.{n}" for n in range(1, 6)}
    assert all_since(log, 0, marks)[0].decode().split() == ["2", "3", "4", "5", "6"]
    assert not list(logs[usual.id].parent.glob("log.*"))


def test_rotation_keeps_as_many_as_it_says(runtime, place):
    [id] = ready(runtime, spec("worker", program="talker.py"))
    log = log_files(place)[id]
    for _ in range(5):
        eventually(lambda: numbers(log)[0])
        assert rotate(log, largest=1, kept=3)
    assert sorted(path.name for path in log.parent.glob("log.*")) == ["log.1", "log.2", "log.3"]
    newest, oldest = numbers(log.with_name("log.1"))[0], numbers(log.with_name("log.3"))[0]
    assert oldest[-1] < newest[0]


def test_a_log_that_is_small_is_left_alone(runtime, place):
    [id] = ready(runtime, spec("worker", program="talker.py"))
    assert rotate(log_files(place)[id]) is False
    assert rotate(place.root / "nothing") is False


def test_a_truncated_log_has_no_hole(runtime, place):
    """The instance writes in append mode; else its next line would land behind a hole of zero bytes."""
    [id] = ready(runtime, spec("worker", program="talker.py"))
    log = log_files(place)[id]
    eventually(lambda: len(numbers(log)[0]) > 20)
    rotate(log, largest=1)
    eventually(lambda: numbers(log)[0])
    assert b"\0" not in log.read_bytes()


def test_logs_go_on_across_a_restart(runtime, place):
    [id] = ready(runtime, spec("worker", program="talker.py"))
    runtime.stop([id])
    before = log_files(place)[id].read_text()
    runtime.restart([id])
    eventually(lambda: len(log_files(place)[id].read_text()) > len(before))
    assert log_files(place)[id].read_text().startswith(before)
