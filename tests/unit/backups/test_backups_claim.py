"""Whose backups they are, and where they are not though they ought to be."""

import json

import pytest

from fairlead.backups.catalogue import Catalogue, Owner
from fairlead.backups.claim import Claim, Claimed, Unreadable
from fairlead.backups.destinations.base import Unreachable, get, put
from fairlead.backups.destinations.directory import Directory
from fairlead.errors import Refused
from fairlead.system.machine_id import Machine

OWNER = Owner("shop", "production", "db")
HERE = Machine("1", "a", "", "here")


@pytest.fixture
def where(tmp_path):
    return Directory(tmp_path / "kept")


def claim(where, mine=HERE, known=False):
    return Claim(where, OWNER, mine, lambda: known)


def test_the_first_who_writes_has_them(where):
    claim(where).require()
    claim(where, known=True).require()
    assert claim(where).mark().machine == HERE
    claim(where, Machine("2", "b", "", "there")).write()
    with pytest.raises(Refused, match="are made by there, since 20") as refused:
        claim(where).require()
    assert "fairlead backup adopt production db" in refused.value.hint


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Machine("1", "a", "x", "renamed"), True),  # only root reads the board's number
        (Machine("1", "", "", "here"), True),
        (Machine("1", "b", "", "here"), False),  # a copy of the home
        (Machine("2", "a", "", "here"), False),  # another user of this machine
    ],
)
def test_what_is_known_of_both_is_compared(where, other, same):
    claim(where).require()
    assert (claim(where, other).others() is None) is same
    assert HERE.same(other) is same


def test_a_copy_of_a_virtual_machine_has_another_board():
    assert not Machine("1", "a", "x", "here").same(Machine("1", "a", "y", "here"))


def test_who_takes_over_has_them_and_the_other_one_not(where):
    other = Machine("2", "a", "", "here")
    claim(where).require()
    claim(where, other).write()
    claim(where, other).require()
    with pytest.raises(Refused, match="another home on here"):
        claim(where).require()


def test_what_was_made_before_there_were_marks_is_taken_over(where):
    put(where, f"{OWNER.prefix}/one/backup.json", b"{}")
    claim(where, known=True).require()
    assert claim(where).mark().machine == HERE


@pytest.mark.parametrize("mounted", [False, True], ids=["no folder", "an empty one"])
def test_where_nothing_is_that_was_there_nothing_is_written(where, mounted):
    if mounted:
        where.root.mkdir()
    with pytest.raises(Unreachable, match="has nothing of the backups of db") as away:
        claim(where, known=True).require()
    assert "mounted" in away.value.hint
    assert where.root.exists() is mounted
    with pytest.raises(Unreachable):
        Catalogue(where, OWNER, known=lambda: True).all()
    assert Catalogue(where, OWNER).all() == ()
    claim(where).write()  # a new one on purpose
    claim(where, known=True).require()
    assert Catalogue(where, OWNER, known=lambda: True).all() == ()


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"machine": {}, "since": ""}'])
def test_a_damaged_mark_is_nobodys(where, text):
    put(where, claim(where).name, text)
    with pytest.raises(Unreadable, match="damaged"):
        claim(where).require()


def test_who_writes_all_the_time_looks_whether_it_is_there_still(where):
    """The receiver of a log: a disk that is taken away is no reason to fill another one."""
    known = []
    one = Claimed(where, Claim(where, OWNER, HERE, lambda: bool(known)))
    put(one, "a/1", b"")
    known.append(True)
    put(one, "a/2", b"")
    where.root.rename(where.root.with_name("away"))
    with pytest.raises(Unreachable, match="has nothing of the backups"):
        put(one, "a/3", b"")
    assert not where.root.exists()
    where.root.with_name("away").rename(where.root)
    put(one, "a/3", b"")
    claim(where, Machine("2", "b", "", "there")).write()
    with pytest.raises(Refused, match="made by there"):
        put(one, "a/4", b"")
    assert [item.name for item in one.items("a")] == ["a/1", "a/2", "a/3"]


def test_what_a_later_fairlead_adds_to_the_mark_is_no_damage(where):
    one = claim(where)
    one.require()
    data = json.loads(get(where, one.name))
    data["machine"]["later"] = data["later"] = 1
    put(where, one.name, json.dumps(data).encode())
    one.require()
    assert one.others() is None
