"""What is missing of a log, and what was let go and is not."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from fairlead.backups.catalogue import Backup, Owner
from fairlead.backups.physical.archive import Log, Reached, Segment
from fairlead.backups.physical.wal import SIZE
from fairlead.operations.backups.verify import log_verified, verify_log

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
STORE = SimpleNamespace(
    store=SimpleNamespace(name="db"), said=SimpleNamespace(keep=SimpleNamespace(point_in_time=None))
)


def base(id, hour, lsn):
    ended = NOON + timedelta(hours=hour)
    return Backup(
        id=id, kind="physical", owner=Owner("shop", "local", "db"), began="", ended=ended.isoformat(), why="",
        server="15.1", system="7", timeline=1, start_lsn=lsn, stop_lsn=lsn, recipients=(), parts=(),
    )  # fmt: skip


def log(**timelines):
    """Segments of each, `t1=range(3, 9)`, and how far each is said to go: to the last of them."""
    there = {int(name[1:]): tuple(numbers) for name, numbers in timelines.items()}
    segments = {(at, n): Segment((at, n), "s", 1, 0, "x") for at, numbers in there.items() for n in numbers}
    reached = {at: Reached(NOON, (numbers[-1] + 1) * SIZE, NOON) for at, numbers in there.items()}
    return Log("7", segments, reached, {2: ((1, 6 * SIZE),)})


def wrong(log, *bases):
    return [said.partition(" is missing")[0][16:] for said in log_verified(STORE, list(bases), log, ()).wrong]


def without(log, *places):
    return replace(log, segments={place: one for place, one in log.segments.items() if place not in places})


def test_what_the_window_does_not_need_was_let_go():
    old, new = base("b1", 0, "0/2000028"), base("b2", 1, "0/6000028")
    assert wrong(log(t1=range(7, 10)), old, new) == []
    assert wrong(without(log(t1=range(7, 10)), (1, 8)), old, new) == ["00000008"]


def test_the_end_is_missing_too():
    assert wrong(without(log(t1=range(3, 9)), (1, 8)), base("b1", 0, "0/2000028")) == ["00000008"]


def test_so_is_what_a_server_wrote_that_was_promoted():
    both, made = log(t1=range(3, 7), t2=range(6, 9)), base("b1", 0, "0/2000028")
    assert wrong(both, made) == []
    assert wrong(without(both, (2, 7)), made) == ["00000007"]
    assert wrong(without(both, (1, 4)), made) == ["00000004"]  # once, though both need it


def test_what_cannot_be_used_is_no_copy_from_which_the_log_is_needed():
    """Of what changed since a damaged one the window does not begin, and the log from before it is needed still."""
    old, full = base("b1", 0, "0/2000028"), replace(base("b2", 1, "0/4000028"), damaged="now")
    changed = replace(base("b3", 2, "0/6000028"), parent="b2")
    it = SimpleNamespace(
        **vars(STORE), catalogue=SimpleNamespace(all=lambda: (old, full, changed)), held=lambda *_: nullcontext(),
        logs=lambda *_, here: {"7": without(log(t1=range(3, 10)), (1, 4))},
    )  # fmt: skip
    it.said = SimpleNamespace(keep=it.said.keep, physical=True)
    it.archive = SimpleNamespace(wrong=lambda *_: [])
    (found,) = verify_log(it)
    assert [said.partition(" is missing")[0][16:] for said in found.wrong] == ["00000004"]
