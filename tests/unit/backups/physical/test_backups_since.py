"""Since when a copy of what changed is, or why it is of all; and what comes of one that cannot be."""

from datetime import UTC, datetime

import pytest

from fairlead.backups.catalogue import Backup, Catalogue, Owner, Part
from fairlead.backups.destinations.base import Denied
from fairlead.backups.destinations.directory import Directory
from fairlead.backups.physical.base import ROOM, BaseBackup, size_of
from fairlead.backups.physical.changes import CHECKSUMS, Manifests, Since, since

OWNER = Owner("shop", "local", "db")
HAD = {"server": "17.2", "system": "7", "timeline": 1, "start_lsn": "0/1"}


def copy(id="b1", day=1, **more):
    own = {
        "kind": "physical", "owner": OWNER, "began": "", "ended": datetime(2026, 11, day, tzinfo=UTC).isoformat(),
        "why": "", "server": "17.2", "system": "7", "timeline": 1, "start_lsn": "", "stop_lsn": "", "recipients": (),
        "parts": (Part("base.tar.gz.age", "base", "", 100, 50, ""),),
    }  # fmt: skip
    return Backup(**own | {"id": id} | more)


@pytest.fixture
def manifests(tmp_path):
    one = Manifests(tmp_path / "manifests")
    one.keep("b1", b"{}")
    return one


def test_it_is_since_the_newest_full_copy_of_this_server(manifests):
    manifests.keep("b2", b"{}")
    there = [
        copy(), copy("b2", 2), copy("b3", 3, parent="b2"), copy("b4", 4, system="8"),
        copy("b5", 5, engine="pgbackrest"), copy("b6", 6, kind="logical"),
    ]  # fmt: skip
    found = since(there, HAD, manifests)
    assert isinstance(found, Since) and found.full.id == "b2"


@pytest.mark.parametrize(
    ("there", "had", "why"),
    [
        ([copy()], {"server": "16.9"}, "PostgreSQL 16.9 copies all or nothing, and from 17 on what changed"),
        ([], {}, "there is no full copy of this server yet"),
        ([copy(system="8")], {}, "there is no full copy of this server yet"),
        ([copy(damaged="now")], {}, "the last full copy, b1, is damaged"),
        (
            [copy(facts={CHECKSUMS: "off"})],
            {CHECKSUMS: "on"},
            "checksums of pages were switched since b1, the last full copy",
        ),
        ([copy(), copy("b2", 2)], {}, "the manifest of b2, the last full copy, is not on this machine"),
    ],
)
def test_else_it_is_said_why_all_is_copied(manifests, there, had, why):
    assert since(there, HAD | had, manifests) == why


def test_who_is_to_read_it_can_read_the_full_copy_too(manifests):
    """A key that was changed since opens nothing of what was written before."""
    there, why = (
        [copy(recipients=("old", "both"))],
        "the last full copy, b1, cannot be read by all who are to read this one",
    )
    assert since(there, HAD, manifests, ("new", "both")) == why
    assert isinstance(since(there, HAD, manifests, ("both",)), Since)


def test_who_may_write_and_not_read_copies_all(manifests, tmp_path, monkeypatch):
    def denied(self, prefix):
        raise Denied("s3://kept may not be listed")

    monkeypatch.setattr(Directory, "items", denied)
    catalogue = Catalogue(Directory(tmp_path / "kept"), OWNER)
    found = BaseBackup(None, (), manifests)._since(catalogue, HAD, ())
    assert found == "what there is cannot be looked at: s3://kept may not be listed"


def test_only_manifests_of_copies_that_are_there_stay(manifests):
    manifests.keep("b2", b"{}")
    manifests.forget(["b2", "b3"])
    assert (manifests.of("b1"), manifests.of("b2")) == (None, b"{}")


def test_what_is_read_of_it_is_the_full_copy_too():
    assert size_of(copy()) == 100
    assert size_of(copy(parent="b0", facts={ROOM: 2 * (1000 + 100)})) == 1100
