"""One at a time; whoever dies holds nothing."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

import pytest

from fairlead.errors import Busy
from fairlead.system.clock import wait_until
from fairlead.system.lock import FOR_A_MOMENT, FileLock, held_lock

HOLD = """
import sys, time
from pathlib import Path
from fairlead.system.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.acquire(sys.argv[2])
print("held", flush=True)
time.sleep(600)
"""


def holder(script, path: Path, owner: str = "ada (pid 1)"):
    child = script(HOLD, path, owner)
    assert child.stdout.readline() == "held\n"
    return child


def test_another_process_holds_it(script, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    child = holder(script, path)
    lock = FileLock(path)
    assert (lock.acquire("me"), lock.held(), lock.owner()) == (False, True, "ada (pid 1)")
    with pytest.raises(Busy) as caught, held_lock(path, "me", "shop/live"):
        pass
    assert (caught.value.message, caught.value.exit_code) == ("shop/live is held by ada (pid 1)", 4)
    child.send_signal(signal.SIGKILL)
    assert wait_until(lambda: lock.acquire("me"), 120)
    assert lock.owner() == "me"


def test_waiting_for_one_who_dies(script, tmp_path: Path) -> None:
    child = holder(script, tmp_path / "lock")
    told: list[str] = []

    def waiting(text: str) -> None:
        told.append(text)
        child.kill()

    with held_lock(tmp_path / "lock", "me", "shop/live", wait=30, waiting=waiting) as lock:
        assert lock.held()
        assert lock.owner() == "me"
    assert told == ["shop/live is held by ada (pid 1); waiting"]
    assert (lock.held(), lock.owner()) == (False, "")


def test_who_needs_it_for_a_moment_is_waited_for_without_being_told_to(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    keeper = FileLock(path)
    for owner in ("keeper" + FOR_A_MOMENT, ""):
        assert keeper.acquire(owner)
        with held_lock(path, "me", "shop/live", waiting=lambda _: keeper.release(), moment=60) as lock:
            assert lock.owner() == "me"


def test_who_finds_that_it_takes_longer_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    keeper = FileLock(path)
    assert keeper.acquire("keeper" + FOR_A_MOMENT)
    with pytest.raises(Busy, match="held by recovery"):
        with held_lock(path, "me", "shop/live", waiting=lambda _: keeper.sign("recovery"), moment=3600):
            pass
    assert keeper.owner() == "recovery"


def test_a_text_left_by_one_who_was_killed_is_looked_at_twice(tmp_path: Path, monkeypatch) -> None:
    """Whoever looks whether it is held holds it for an instant, and writes nothing."""
    path = tmp_path / "lock"
    path.write_text("ada (pid 1)")
    looking = os.open(path, os.O_RDWR)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr("fairlead.system.lock.GLANCE", 3600)
    monkeypatch.setattr("fairlead.system.lock.time.sleep", lambda _: os.close(looking))
    with held_lock(path, "me", "shop/live", moment=3600) as lock:
        assert lock.owner() == "me"


def test_a_lock_is_not_inherited_by_programs(script, tmp_path: Path) -> None:
    """A service that a deployer starts must not keep the lock when the deployer dies."""
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire("me")
    child = script("print('up', flush=True); import time; time.sleep(600)")
    child.stdout.readline()
    lock.release()
    assert not FileLock(tmp_path / "lock").held()


def test_released_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held_lock(tmp_path / "lock", "me", "x"):
        raise ZeroDivisionError
    assert not FileLock(tmp_path / "lock").held()


def test_a_second_one_in_the_same_process(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire("one")
    assert not second.acquire("two")
    assert second.owner() == "one"
    first.release()
    first.release()
    assert second.acquire("two")


def test_several_may_share(tmp_path: Path) -> None:
    one, two, alone = (FileLock(tmp_path / "lock") for _ in range(3))
    assert one.acquire("one", shared=True)
    assert two.acquire("two", shared=True)
    assert not alone.acquire("alone")
    one.release()
    two.release()
    assert alone.acquire("alone")
    assert not two.acquire("two", shared=True)


def test_a_full_disk_keeps_nobody_from_the_lock(small_disk: Path) -> None:
    (small_disk / "lock").touch()
    with open(small_disk / "filler", "wb", buffering=0) as file:
        with pytest.raises(OSError):
            while True:
                file.write(b"\0" * 4096)
    lock = FileLock(small_disk / "lock")
    assert lock.acquire("me")
    assert os.path.exists(small_disk / "lock")
