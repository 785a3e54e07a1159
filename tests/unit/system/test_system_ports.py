"""A port is one holder's, among all processes of the machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from fairlead.errors import FairleadError
from fairlead.system import ports, sockets
from fairlead.system.ports import FIRST, LAST, Ports

TAKE = """
import random, sys
from pathlib import Path
from fairlead.system.ports import Ports
random.seed(7)  # all start looking at the same place
found = [Ports(Path(sys.argv[1])).take(f"{sys.argv[2]} {n}") for n in range(40)]
print(*found, flush=True)
"""


def test_processes_at_once_never_get_the_same(script, tmp_path: Path) -> None:
    children = [script(TAKE, tmp_path / "ports", who) for who in "abc"]
    found = [int(port) for child in children for port in child.communicate(timeout=120)[0].split()]
    assert len(set(found)) == len(found) == 120
    assert all(FIRST <= port <= LAST for port in found)
    assert set(Ports(tmp_path / "ports").taken()) == set(found)


def test_two_homes_never_get_the_same_before_it_is_bound(script, tmp_path: Path) -> None:
    stays = TAKE + "import time; time.sleep(600)"
    found = []
    for home in "ab":
        child = script(stays, tmp_path / home, "one")
        found += map(int, child.stdout.readline().split())
    assert len(set(found)) == len(found) == 80


def test_what_is_kept_from_others_is_given_free_with_the_port(tmp_path: Path) -> None:
    folder = Ports(tmp_path / "ports")
    port = folder.take("one")
    assert not ports.speak_for(port)
    folder.give(port)
    assert ports.speak_for(port)
    ports.release(port)


def test_of_very_many_the_last_ones_are_kept_from_others() -> None:
    first = 100_000 + 100 * os.getpid()  # no port: nobody else asks for it
    taken = [port for port in range(first, first + ports.SPOKEN_FOR + 5) if ports.speak_for(port)]
    assert ports.speak_for(taken[0])
    assert not ports.speak_for(taken[-1])
    for port in taken:
        ports.release(port)


def test_ports_of_a_folder_that_somebody_removed_are_free_again(tmp_path: Path) -> None:
    """One that was taken just now may be of a holder that is about to be made."""
    folder = Ports(tmp_path / "ports")
    (tmp_path / "here").mkdir()
    gone, here, coming = (folder.take(str(tmp_path / name)) for name in ("gone", "here", "coming"))
    for port in (gone, here):
        os.utime(tmp_path / "ports" / str(port), (1.0, 1.0), follow_symlinks=False)
    folder.sweep()
    assert set(folder.taken()) == {here, coming}
    for port in (gone, here, coming):
        ports.release(port)


def test_who_has_which(tmp_path: Path) -> None:
    folder = Ports(tmp_path / "ports")
    assert folder.taken() == {}
    one, two = folder.take("one"), folder.take("two")
    assert folder.taken() == {one: "one", two: "two"}
    assert folder.take("one") == one  # what it has is its port
    folder.give(one)
    folder.give(one)
    folder.give_up("two")
    assert folder.taken() == {}


def test_a_port_somebody_listens_on_is_not_given(tmp_path: Path) -> None:
    folder = Ports(tmp_path / "ports")
    port = folder.take("one")
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        assert not sockets.bindable(port)
        assert folder.take("one") != port


def test_none_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Ports(tmp_path / "ports")
    port = folder.take("one")
    monkeypatch.setattr(ports, "FIRST", port)
    monkeypatch.setattr(ports, "LAST", port)
    with pytest.raises(FairleadError, match=f"no free port between {port} and {port}"):
        folder.take("two")


def test_a_full_disk_is_said(small_disk: Path) -> None:
    folder = Ports(small_disk / "ports")
    folder.take("one")
    with open(small_disk / "filler", "wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"\0" * 4096)
    with pytest.raises(FairleadError, match="could not be written: No space left on device"):
        for _ in range(2000):  # short links cost no block of their own until the folder or the inodes are full
            folder.take("x" * 200 + str(_))
