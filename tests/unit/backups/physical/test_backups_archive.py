"""The log where it is kept: what is written is what is read, and what is not is noticed."""

import os
from datetime import UTC, datetime, timedelta

import pyrage
import pytest

from fairlead.backups.catalogue import Owner
from fairlead.backups.destinations.base import Gone
from fairlead.backups.destinations.directory import Directory
from fairlead.backups.physical.archive import Archive, Reached
from fairlead.backups.sealing import Damaged, WrongKey

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DATA = b"x" * 100_000


@pytest.fixture
def identity():
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def archive(tmp_path):
    return Archive(Directory(tmp_path / "kept"), Owner("shop", "local", "db"))


def test_there_and_back(archive, identity):
    keys = [identity.to_public()]
    archive.keep_partial("7", (1, 3), DATA[:50], keys)
    assert not archive.log("7").segments[1, 3].whole
    archive.keep("7", (1, 3), DATA, 1_700_000_000_000, keys)
    archive.keep_history("7", 2, b"1\t0/3000000\tx\n", keys)
    archive.keep_reached("7", 1, Reached(NOON, 99, NOON - timedelta(hours=1)))
    log = archive.log("7", [identity])
    (one,) = log.segments.values()
    assert (one.whole, one.beat) == (True, 1_700_000_000_000)
    assert archive.bytes_of("7", one, [identity]) == DATA
    assert log.left == {2: ((1, 0x3000000),)}
    assert log.reached[1].time == NOON
    assert archive.systems() == ("7",)
    assert archive.history("7", 2, [identity]).startswith(b"1\t")
    with pytest.raises(Gone):
        archive.history("7", 3, [identity])


def test_a_segment_that_became_whole_since_it_was_looked_for_is_read(archive, identity, tmp_path):
    """A drill of the end of the log takes a while, and whoever receives it goes on."""
    keys, spool = [identity.to_public()], tmp_path / "spool"
    (spool / "7").mkdir(parents=True)
    partial = spool / "7" / "000000010000000000000003.partial"
    partial.write_bytes(DATA[:50])
    archive.keep_partial("7", (1, 3), DATA[:50], keys)
    here, there = archive.log("7", [identity], spool).segments[1, 3], archive.log("7").segments[1, 3]
    whole = partial.rename(partial.with_suffix(""))
    whole.write_bytes(DATA)
    archive.keep("7", (1, 3), DATA, 1_700_000_000_000, keys)
    assert [archive.bytes_of("7", one, [identity]) for one in (here, there)] == [DATA, DATA]
    whole.unlink()
    assert archive.bytes_of("7", here, [identity]) == DATA
    next((tmp_path / "kept").rglob("*.age")).unlink()
    with pytest.raises(Gone):
        archive.bytes_of("7", here, [identity])


def test_what_was_changed_is_found(archive, identity, tmp_path):
    archive.keep("7", (1, 3), DATA, 1_700_000_000_000, [identity.to_public()])
    log = archive.log("7")
    assert archive.wrong(log, [identity]) == []
    with pytest.raises(WrongKey):
        archive.wrong(log, [pyrage.x25519.Identity.generate()])
    path = next((tmp_path / "kept").rglob("*.age"))
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    assert "is damaged" in archive.wrong(log, [identity])[0]
    other = path.with_name(path.name.replace("000000010000000000000003", "000000010000000000000004"))
    archive.keep("7", (1, 3), DATA + b"y", 1_700_000_000_000, [identity.to_public()])
    path.write_bytes(data)
    assert archive.log("7").twice == ((1, 3),)
    path.unlink()
    whole = next((tmp_path / "kept").rglob("*.age"))
    os.replace(whole, other)  # whole, but of another name: its checksum is in it
    with pytest.raises(Damaged, match="its checksum is another one"):
        archive.bytes_of("7", archive.log("7").segments[1, 4], [identity])


def test_what_is_still_on_this_machine_counts(archive, identity, tmp_path):
    archive.keep_partial("7", (1, 4), DATA[:50], [identity.to_public()])
    folder = tmp_path / "spool" / "7"
    folder.mkdir(parents=True)
    (folder / "000000010000000000000004.partial").write_bytes(DATA)
    (folder / "000000010000000000000003").write_bytes(DATA)
    (folder / "00000002.history").write_bytes(b"")
    log = archive.log("7", (), tmp_path / "spool")
    assert sorted(log.segments) == [(1, 3), (1, 4)]
    assert archive.bytes_of("7", log.segments[1, 4], [identity]) == DATA
