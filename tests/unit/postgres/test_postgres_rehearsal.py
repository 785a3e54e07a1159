"""When a rehearsal says no, and for how long a lock counts."""

import pytest

from fairlead.postgres.rehearsal import Broken, Lock, Rehearsal, Seen, Verdict, unfit


def rehearsal(**more):
    return Rehearsal("db.shop", "1", (("V2__a.sql", "0" * 64),), "a test", "2026-11-26T12:00:00+00:00", 0.5, **more)


def seen(ms, transaction, *locks, file="a"):
    return Seen(file, 1, "", ms, -1, transaction, tuple(Lock("t", mode) for mode in locks))


@pytest.mark.parametrize(
    ("found", "age", "why"),
    [
        (None, None, "its pending migrations were not rehearsed"),
        (rehearsal(), 3601.0, "its pending migrations were rehearsed 1.0 h ago, and 1 h is the most"),
        (rehearsal(failure="x"), 60.0, "the rehearsal of its pending migrations says fails: x"),
        (rehearsal(), 60.0, ""),
    ],
)
def test_what_a_deployment_asks(found, age, why):
    assert unfit(found, age, 3600.0) == why


def test_the_worst_of_it_counts():
    slow = (seen(501, 1, "AccessExclusiveLock"),)
    assert rehearsal(seen=slow).verdict is Verdict.SLOW
    assert rehearsal(seen=slow, broken=(Broken("q", "w", 1),)).verdict is Verdict.BREAKS
    assert rehearsal(seen=slow, broken=(Broken("q", "w", 1),), failure="f").verdict is Verdict.FAILS


def test_a_lock_counts_to_the_end_of_its_transaction_and_no_further():
    steps = (
        seen(100, 1), seen(200, 1, "AccessExclusiveLock"), seen(300, 1),
        seen(900, 2, "RowExclusiveLock"), seen(400, 3, "ShareLock", file="b"), seen(5000, 0),
    )  # fmt: skip
    waits = [(one.file, one.ms, one.whom) for one in rehearsal(seen=steps).waits()]
    assert waits == [("a", 500, "reads or writes"), ("b", 400, "writes")]
    assert rehearsal(seen=steps).verdict is Verdict.FIT
