"""Entries of backups, in a folder."""

import errno
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fairlead.backups.catalogue import (
    DAMAGED,
    PINNED,
    TRIED,
    VERIFIED,
    Backup,
    Catalogue,
    Owner,
    Part,
    chosen,
    new_id,
    usable,
)  # fmt: skip
from fairlead.backups.destinations.base import Denied, Gone, Unreachable, get, put
from fairlead.backups.destinations.directory import Directory
from fairlead.errors import FairleadError, UsageError

OWNER = Owner("shop", "production", "db")
PART = Part("shop.dump.age", "database", "shop", 10, 20, "0" * 64)


def backup(id="20261120T020000Z-aaaa", ended="2026-11-20T02:00:09+00:00", owner=OWNER):
    return Backup(id, "logical", owner, ended, ended, "schedule", "15.18", "7", 1, "0/1", "0/2", ("age1x",), (PART,))


@pytest.fixture
def catalogue(tmp_path):
    return Catalogue(Directory(tmp_path / "backups"), OWNER)


def test_there_and_back(catalogue):
    catalogue.add(backup())
    assert catalogue.all() == (backup(),)
    assert catalogue.all()[0].stored == 20


def test_without_an_entry_it_is_none(catalogue):
    put(catalogue.where, catalogue.path("20261119T020000Z-cccc", PART.name), b"half")
    assert catalogue.all() == ()
    assert catalogue.unfinished("20261120T020000Z-aaaa") == ("20261119T020000Z-cccc",)
    assert catalogue.unfinished("20261118T020000Z-aaaa") == ()


def test_marks(catalogue):
    catalogue.add(backup())
    catalogue.mark(backup().id, DAMAGED, "2026-11-21")
    assert catalogue.all()[0].damaged == "2026-11-21"
    catalogue.mark(backup().id, VERIFIED, "2026-11-22")
    assert (catalogue.all()[0].damaged, catalogue.all()[0].verified) == ("", "2026-11-22")


def test_one_of_another_environment_is_refused(catalogue):
    other = Owner("shop", "staging", "db")
    Catalogue(catalogue.where, other).add(backup(owner=other))
    entry = get(catalogue.where, f"{other.prefix}/{backup().id}/backup.json")
    put(catalogue.where, catalogue.path(backup().id, "backup.json"), entry)
    with pytest.raises(FairleadError, match="db of shop/staging, not of db of shop/production"):
        catalogue.all()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"id": 1}'])
def test_a_damaged_entry_is_said(catalogue, text):
    put(catalogue.where, catalogue.path(backup().id, "backup.json"), text)
    with pytest.raises(FairleadError, match="is damaged"):
        catalogue.all()


def test_one_that_is_damaged_keeps_nobody_from_another(catalogue):
    good, other = backup(), backup("20261121T020000Z-bbbb")
    catalogue.add(good)
    put(catalogue.where, catalogue.path(other.id, "backup.json"), b"{")
    assert catalogue.all() == (good,)
    assert [one.id for one in catalogue.look().bad] == [other.id]
    with pytest.raises(FairleadError, match=f"the entry of backup {other.id} is damaged"):
        catalogue.all(other.id)
    assert catalogue.unfinished("20261122T020000Z-aaaa") == ()  # nothing of it is removed


def test_a_mark_that_cannot_be_read_proves_nothing(catalogue):
    catalogue.add(backup())
    for name in (VERIFIED, TRIED, DAMAGED, PINNED):
        put(catalogue.where, catalogue.path(backup().id, name), b"{" if name != TRIED else b"[]")
    (found,) = catalogue.all()
    assert (found.verified, found.tried) == ("", "")
    assert found.damaged and found.pinned  # which would spare nothing, and keep nothing, if it were not believed


def test_pinned_until_unpinned(catalogue):
    catalogue.add(backup())
    catalogue.pin(backup().id, "2026-11-21", "before the audit")
    assert catalogue.all()[0].pinned == "before the audit"
    catalogue.unpin(backup().id)
    assert catalogue.all() == (backup(),)


def test_what_is_locked_stays_whole(catalogue, monkeypatch):
    """An entry may be removed and its parts not."""
    catalogue.add(backup())
    put(catalogue.where, catalogue.path(backup().id, PART.name), b"part")
    delete = catalogue.where.delete

    def locked(name):
        if name.endswith(".age"):
            raise Denied("Access Denied")
        delete(name)

    monkeypatch.setattr(catalogue.where, "delete", locked)
    with pytest.raises(Denied):
        catalogue.remove(backup().id)
    assert catalogue.all() == (backup(),)
    catalogue.discard(backup().id)  # of one that failed: says nothing
    monkeypatch.undo()
    catalogue.remove(backup().id)
    assert catalogue.where.items(OWNER.prefix) == ()


def test_a_removal_that_was_cut_short_leaves_no_backup(catalogue):
    catalogue.add(backup())
    catalogue.where.delete(catalogue.path(backup().id, "backup.json"))
    assert catalogue.all() == ()
    catalogue.remove(backup().id)
    assert catalogue.where.items(OWNER.prefix) == ()


def test_what_is_said_chooses_one():
    days = (1, 2, 4)
    there = tuple(backup(f"2026110{n}T020000Z-aaaa", f"2026-11-0{n}T02:00:09+00:00") for n in days)
    assert chosen(there, "latest").id == there[2].id
    assert chosen(there, "2026-11-03").id == there[1].id
    assert chosen(there, there[0].id).id == there[0].id
    for said in ("2026-10-31", "20261102T020000Z-aaab", "yesterday"):
        with pytest.raises(UsageError):
            chosen(there, said)
    with pytest.raises(UsageError, match="no backup yet"):
        chosen((), "latest")


def test_what_changed_is_no_backup_without_the_one_since_which_it_is():
    """A deployment that asks for a backup is let through by none that cannot be restored."""
    full, other = backup("f"), backup("other")
    changed = replace(backup("c"), parent="f")
    assert usable([full, changed, other]) == (full, changed, other)
    assert usable([changed, other]) == (other,)
    assert usable([replace(full, damaged="now"), changed, other]) == (other,)
    assert usable([full, replace(changed, damaged="now")]) == (full,)


def test_ids_are_in_the_order_of_time():
    assert new_id(datetime(2026, 11, 9, 2, tzinfo=UTC)) < new_id(datetime(2026, 11, 10, 1, tzinfo=UTC))
    second = datetime(2026, 11, 9, 2, tzinfo=UTC)
    ids = [new_id(second.replace(microsecond=us)) for us in (0, 16, 4095, 70_000, 999_999)]
    assert ids == sorted(set(ids))
    assert {len(id) for id in ids} == {21}


def test_what_fails_while_it_is_written_is_not_there(tmp_path):
    where = Directory(tmp_path / "backups")
    with pytest.raises(RuntimeError), where.writing("a/b") as write:
        write(b"half")
        raise RuntimeError
    assert where.items("a") == ()
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
    with pytest.raises(Gone), where.reading("a/b"):
        pass


def test_nobody_else_reads_a_folder_of_backups(tmp_path):
    where = Directory(tmp_path / "backups")
    put(where, "a/b", b"x")
    assert (tmp_path / "backups").stat().st_mode & 0o077 == 0
    assert (tmp_path / "backups" / "a" / "b").stat().st_mode & 0o077 == 0


def test_a_full_folder_is_told_from_one_that_is_not_there(tmp_path):
    where = Directory(tmp_path)
    assert "make room" in where._why("written to", OSError(errno.ENOSPC, "No space left on device")).hint
    assert "mounted" in where._why("read", OSError(errno.EIO, "Input/output error")).hint


def test_a_folder_that_cannot_be_read_is_no_empty_one(tmp_path):
    """Nobody is to believe that there is no backup while their disk is ill."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"")
    where = Directory(tmp_path)
    assert where.items("nothing") == ()
    with pytest.raises(Unreachable, match="cannot be read"):
        where.items("a/b")
