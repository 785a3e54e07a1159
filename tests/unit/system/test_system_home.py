"""Where the state lies."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from pathlib import Path

import pytest

from fairlead.errors import FairleadError
from fairlead.system.home import LONGEST_SOCKET_PATH, Place, home, near


def test_the_home_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    assert Place.of("shop", "live").root == tmp_path / "shop" / "live"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIRLEAD_HOME", "here")
    assert home() == tmp_path / "here"


def test_the_home_of_this_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLEAD_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    root = os.geteuid() == 0
    assert home() == (Path("/var/lib/fairlead") if root else tmp_path / "fairlead")


def test_folders(tmp_path: Path) -> None:
    place = Place(tmp_path / "home" / "shop" / "live")
    assert not place.exists()
    place.create()
    place.create()
    assert (place.project, place.environment) == ("shop", "live")
    assert stat.S_IMODE(place.root.stat().st_mode) == 0o700
    other = Place(tmp_path / "home" / "blog" / "test")
    assert (place.ports, place.artifacts != other.artifacts) == (other.ports, True)


def test_a_home_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FairleadError) as caught:
        Place(tmp_path / "file" / "shop" / "live").create()
    assert "cannot be created: Not a directory" in caught.value.message
    assert caught.value.hint == "set FAIRLEAD_HOME to a folder you may write"


def test_a_path_is_as_long_as_the_kernel_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It counts bytes: a folder with a name in Chinese or Cyrillic letters is twice or three times as long."""
    monkeypatch.setattr("fairlead.system.home.SHORT", tmp_path)
    place = Place(Path("/") / ("\u96e8" * 30) / "shop" / "live")
    assert len(str(place.supervisor / "sock")) < LONGEST_SOCKET_PATH
    assert place.socket().parent.parent == tmp_path
    assert near(place.supervisor, "sock").parent.parent == tmp_path


def test_the_home_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_HOME", "~nobody-of-that-name/home")
    with pytest.raises(FairleadError, match="no home folder"):
        home()


def test_the_socket_of_a_long_path_lies_in_a_short_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Place(Path("/h") / "shop" / "live")
    assert short.socket() == short.supervisor / "sock"
    folder = Path("/tmp") / f"fairlead-test-{os.getpid()}"
    folder.mkdir()
    monkeypatch.setattr("fairlead.system.home.SHORT", folder)
    try:
        one, two = (Place(tmp_path / ("x" * LONGEST_SOCKET_PATH) / "shop" / name) for name in ("one", "two"))
        assert one.socket() == one.socket() != two.socket()
        assert stat.S_IMODE(one.socket().parent.stat().st_mode) == 0o700
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(one.socket()))  # the kernel takes it
        if os.geteuid() == 0:
            os.chown(one.socket().parent, 12345, 12345)  # in the private folder of this test
            with pytest.raises(FairleadError, match="not a folder of this user alone"):
                one.socket()
    finally:
        shutil.rmtree(folder)


def test_the_reserve(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert not place.free_reserve()
    place.fill_reserve(4096)
    place.fill_reserve(4096)
    assert place.reserve.stat().st_size == 4096
    place.fill_reserve(8192)
    assert place.reserve.stat().st_size == 8192
    assert place.free_reserve()
    assert not place.reserve.exists()


def test_no_space_for_the_reserve(small_disk: Path) -> None:
    """The doctor says so; half a reserve would be worse than none."""
    place = Place(small_disk)
    place.fill_reserve(2 << 20)
    assert not place.reserve.exists()
