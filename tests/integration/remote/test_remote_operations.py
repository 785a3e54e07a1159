"""What is done for others is done by a real process of its own: it outlives us, hears Ctrl-C, and may be killed."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from fairlead.operations.remote.attach import attach
from fairlead.operations.remote.running import KEPT, Operations
from fairlead.system.clock import wait_until
from fairlead.system.home import Place

FACTS = {"what": "fairlead deploy production", "by": "ann@laptop", "checkout": "0123"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "shop" / "production")


def owner(operation) -> int:
    return int((operation.folder / "lock").read_text())


def waiting(emit) -> int:
    emit({"frame": "event", "kind": "note", "text": "begun", "data": {}})
    try:
        time.sleep(300)
    except KeyboardInterrupt:
        emit({"frame": "event", "kind": "undone", "text": "back", "data": {}})
        return 130
    return 0


def until(operation, text):
    found = []

    def there():
        found.extend(operation.more())
        return any(one.get("text") == text for one in found)

    assert wait_until(there, 240, 0.01)
    return found


def test_it_has_a_session_and_nothing_of_ours(place):
    reading, writing = os.pipe()

    def act(emit):
        held = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        pipes = [one for one in held if one.startswith("pipe:")]
        emit({"frame": "event", "text": "self", "sid": os.getsid(0), "pipes": pipes})
        os.write(1, b"said by the by")
        return 7

    operation = Operations(place).begin(FACTS, act)
    os.close(writing)
    assert os.read(reading, 1) == b""  # nobody else holds it
    os.close(reading)
    shown = []
    assert attach(place, shown.append) == 7
    said = next(one for one in (json.loads(line) for line in (operation.folder / "events").open()) if "sid" in one)
    assert said["sid"] != os.getsid(0) and said["pipes"] == []
    assert (operation.folder / "log").read_text() == "said by the by"
    assert wait_until(lambda: not operation.runs(), 240, 0.01)
    assert (operation.folder.stat().st_mode & 0o077) == 0


def test_ctrl_c_reaches_it_and_attach_tells_what_came_of_it(place):
    operation = Operations(place).begin(FACTS, waiting)
    until(operation, "begun")
    assert Operations(place).used() == {"0123"}
    operation.interrupt()
    until(operation, "back")
    shown = []
    assert attach(place, shown.append) == 130
    assert "fairlead deploy production" in shown[0]["text"] and "ann@laptop" in shown[0]["text"]


def test_one_that_was_killed_is_not_waited_for(place):
    operation = Operations(place).begin(FACTS, waiting)
    until(operation, "begun")
    os.kill(owner(operation), signal.SIGKILL)
    shown = []
    assert wait_until(lambda: not operation.runs(), 240, 0.01)
    assert attach(place, shown.append) == 1
    assert "was killed" in shown[-1]["error"]["message"] and "production" in shown[-1]["error"]["hint"]


def test_old_ones_go_and_one_that_runs_stays(place):
    running = Operations(place).begin(FACTS, waiting)
    try:
        for _ in range(KEPT + 3):
            last = Operations(place).begin(FACTS, lambda emit: 0)
            assert wait_until(lambda last=last: not last.runs(), 240, 0.01)
        assert Operations(place).last().number == running.number  # what is attached to
        numbers = {one.number for one in Operations(place).all()}
        assert running.number in numbers and len(numbers) <= KEPT + 1
    finally:
        running.interrupt()
        assert wait_until(lambda: not running.runs(), 240, 0.01)


def test_nothing_was_ever_begun(place):
    shown = []
    assert attach(place, shown.append) == 0 and "nothing was ever begun" in shown[0]["text"]
