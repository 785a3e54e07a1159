"""How much of a log may wait, and where it goes on."""

import contextlib
import threading

import pytest

from fairlead.backups.physical.receiver import NAME, Receiver
from fairlead.backups.physical.spool import KEPT, LEAST, Bound, goes_on_at, waiting
from fairlead.backups.physical.wal import segment_name
from fairlead.errors import FairleadError


def segments(spool, *numbers, ending=""):
    folder = spool / "7"
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{segment_name(1, number)}{ending}").write_bytes(bytes(100))


def test_what_waits_is_all_but_the_newest(tmp_path):
    assert waiting(tmp_path / "none") == ()
    segments(tmp_path, 3, 4, 5)
    segments(tmp_path, 6, ending=".partial")
    assert waiting(tmp_path) == (100, 100)


def test_it_is_full_when_as_much_waits_as_is_said(tmp_path):
    assert not Bound(tmp_path, 0).full()  # nothing waits
    segments(tmp_path, 3, 4, 5)
    assert Bound(tmp_path, 200).full()
    assert not Bound(tmp_path, 201).full()


def test_without_a_word_it_is_half_of_what_is_free(tmp_path, monkeypatch):
    free = [KEPT + (10 << 30)]
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free[0]}))
    assert Bound(tmp_path / "none").most == 5 << 30
    free[0] = 0
    assert Bound(tmp_path).most == LEAST


def test_whoever_watches_is_told_once(tmp_path):
    told, over = [], threading.Event()
    with Bound(tmp_path, 100).watching(lambda: (told.append(1), over.set())):
        segments(tmp_path, 3, 4)
        assert over.wait(60)
    assert told == [1]


def test_whoever_watches_does_so_until_it_ends(tmp_path):
    """An engine that does not answer just then does not have it received without a bound."""
    told, over = [], threading.Event()

    def end():
        told.append(1)
        if len(told) == 1:
            raise FairleadError("the engine does not answer")
        over.set()

    with Bound(tmp_path, 100).watching(end):
        segments(tmp_path, 3, 4)
        assert over.wait(60)
    assert told == [1, 1]


class Waited:
    """A server that has whoever commits wait for a receiver; away at the first look."""

    home = "postgres"

    def __init__(self):
        self.value, self.looks = NAME, 0

    @contextlib.contextmanager
    def session(self, database):
        self.looks += 1
        if self.looks == 1:
            raise FairleadError("it is not up yet")
        yield self

    def execute(self, statement, values=()):
        if statement.startswith("ALTER SYSTEM SET synchronous_standby_names"):
            self.value = statement.partition("'")[2].rstrip("'")
        return self

    def fetchone(self):
        return (self.value,)


def test_nobody_waits_for_what_is_not_received_as_the_spool_is_full_from_the_first(tmp_path):
    """Whoever received before was killed: the server still waits for him."""
    segments(tmp_path, 3, 4, 5)
    server, notes = Waited(), []
    one = Receiver(
        lambda: contextlib.nullcontext(server), None, None, tmp_path, lambda: False, print, True, most=100,
        note=lambda kind, reason: notes.append(kind),
    )  # fmt: skip
    for _ in range(4):
        with pytest.raises(FairleadError, match="nothing more is received"):
            one._require_room()
    assert server.value == "" and server.looks == 2 and notes == ["log.stopped"]


def test_it_goes_on_after_the_newest_whole_one(tmp_path):
    """Or with the one that was begun, from its beginning; whatever timeline they are of."""
    assert goes_on_at(tmp_path / "7") is None
    segments(tmp_path, 0x1FF, ending=".partial")
    assert goes_on_at(tmp_path / "7") == segment_name(2, 0x1FF)[8:]
    segments(tmp_path, 0xFE, 0xFF)
    assert goes_on_at(tmp_path / "7") == segment_name(2, 0x1FF)[8:]
    segments(tmp_path, 0x1FF)
    assert goes_on_at(tmp_path / "7") == segment_name(2, 0x200)[8:]
