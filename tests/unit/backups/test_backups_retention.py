"""Which backups are kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fairlead.backups.retention import NONE, UNREAD, Copy, Policy, decide

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
USUAL = Policy()


def daily(days, last=NOW, **more):
    return [Copy(f"b{n:03}", last - timedelta(days=n, hours=9), **more) for n in range(days)]


def kept(copies, policy=USUAL, now=NOW, held=NONE):
    return [one.id for one in decide(copies, policy, now, held) if one.keep]


def reasons(copies, policy=USUAL, now=NOW):
    return {one.id: one.reasons for one in decide(copies, policy, now)}


def test_the_steady_state_of_7_4_12_is_no_23():
    there = []
    for day in range(430):
        now = NOW + timedelta(days=day)
        there.append(Copy(f"{now:%Y%m%d}", now))
        left = set(kept(there, now=now))
        there = [one for one in there if one.id in left]
    assert 18 <= len(there) <= 20  # the newest is of all tiers, the last of a month often of two
    assert 300 < (max(one.moment for one in there) - min(one.moment for one in there)).days < 345


def test_at_once_or_day_by_day_is_the_same():
    copies = [Copy(f"{n:03}", NOW + timedelta(days=n)) for n in range(430)]
    now, there = NOW + timedelta(days=429), []
    for one in copies:
        left = set(kept([*there, one], now=one.moment))
        there = [it for it in [*there, one] if it.id in left]
    assert sorted(kept(copies, now=now)) == sorted(one.id for one in there)


def test_a_week_at_the_turn_of_the_year_is_the_iso_years():
    moments = [datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)]
    copies = [Copy(f"{one:%Y-%m-%d}", one) for one in moments]
    assert kept(copies, Policy(0, 2, 0)) == ["2026-01-02", "2025-01-01"]


def test_an_outage_deletes_nothing():
    copies = daily(430)
    before = set(kept(copies))
    later = NOW + timedelta(days=30)
    assert set(kept([one for one in copies if one.id in before], now=later)) == before


def test_two_of_one_day_are_one():
    copies = [Copy("early", NOW - timedelta(hours=3)), Copy("late", NOW - timedelta(hours=1))]
    assert kept(copies, Policy(7, 0, 0)) == ["late"]


@pytest.mark.parametrize("policy", [Policy(0, 0, 0), Policy(1, 0, 0)])
def test_the_last_good_one_stays(policy):
    copies = [Copy("old", NOW - timedelta(days=1)), Copy("bad", NOW - timedelta(hours=1), good=False)]
    assert "old" in kept(copies, policy)
    assert "the last good one" in reasons(copies, policy)["old"]


def test_without_a_good_one_all_stay():
    copies = daily(3, good=False)
    assert len(kept(copies, Policy(1, 0, 0))) == 3
    assert set(reasons(copies, Policy(1, 0, 0)).values()) == {("there is no good one",)}


def test_an_empty_policy_keeps_all():
    assert len(kept(daily(5), Policy(0, 0, 0))) == 5


def test_a_damaged_one_has_no_place_in_a_tier():
    copies = [Copy("bad", NOW - timedelta(hours=1), good=False), *daily(3)]
    assert kept(copies, Policy(3, 0, 0)) == ["b000", "b001", "b002"]
    assert reasons(copies, Policy(3, 0, 0))["bad"] == ("it is damaged",)


def test_one_of_the_future_is_not_counted_and_stays():
    copies = [Copy("future", NOW + timedelta(days=400)), *daily(3)]
    assert kept(copies, Policy(2, 0, 0)) == ["future", "b000", "b001"]


def test_the_last_verified_one_stays():
    copies = [*daily(3), Copy("proven", NOW - timedelta(days=40), verified=True)]
    assert kept(copies, Policy(1, 0, 0)) == ["b000", "proven"]


def test_one_that_is_used_or_pinned_stays():
    held = {"b002": "it is being used", "gone": "pinned"}
    assert kept(daily(3), Policy(1, 0, 0), held=held) == ["b000", "b002"]
    assert decide(daily(3), Policy(1, 0, 0), NOW, held)[-1].reasons == ("it is being used",)


def test_a_damaged_one_that_is_pinned_stays_with_what_it_depends_on():
    full, changed = Copy("full", NOW - timedelta(days=9)), Copy("changed", NOW - timedelta(days=8), parent="full")
    damaged = replace(changed, good=False)
    assert kept([full, damaged, *daily(2)], Policy(1, 0, 0), held={"changed": "pinned"}) == ["b000", "changed", "full"]


def test_each_has_its_reason():
    found = reasons(daily(9), Policy(2, 2, 1))
    assert found["b000"] == ("daily 1 of 2", f"weekly 1 of 2{UNREAD}", f"monthly 1 of 1{UNREAD}", "the last good one")
    proven = reasons(daily(9, verified=True), Policy(2, 2, 1))["b000"]
    assert proven[:3] == ("daily 1 of 2", "weekly 1 of 2", "monthly 1 of 1")
    assert found["b001"] == ("daily 2 of 2",) or "daily 2 of 2" in found["b001"]
    assert found["b008"] == ("a newer one has its place in every tier",) or found["b008"][0].startswith("weekly")


def test_kinds_are_counted_apart():
    copies = [*daily(3), *[Copy(f"p{one.id}", one.moment, "physical") for one in daily(3)]]
    assert kept(copies, Policy(1, 0, 0)) == ["pb000", "b000"]


def test_a_point_in_time_needs_the_base_before_its_window():
    copies = [Copy(f"p{n}", NOW - timedelta(days=7 * n, hours=1), "physical") for n in range(5)]
    assert kept(copies, Policy(1, 0, 0, point_in_time=10 * 86400)) == ["p0", "p1", "p2"]


def test_what_others_depend_on_stays_and_no_tier_but_the_days_takes_what_depends():
    days = [NOW - timedelta(days=n, hours=1) for n in range(21)]
    copies = [Copy(f"full{n:02}", days[n]) for n in (0, 7, 14, 20)]
    copies += [Copy(f"diff{n:02}", days[n], parent="full14") for n in (8, 10, 12)]
    found = reasons(copies, Policy(daily=4, weekly=1, monthly=0))
    assert [id for id, why in found.items() if "a newer one has its place in every tier" not in why] == [
        "full00", "full07", "diff08", "diff10", "full14"
    ]  # fmt: skip
    assert found["full14"] == ("diff10 is of no use without it",) or "diff08 is of no use without it" in found["full14"]
    assert not any("weekly" in why for why in found["diff08"])


@pytest.mark.parametrize("parent", [[], [Copy("full", NOW - timedelta(days=2), "physical", good=False)]])
def test_what_depends_on_a_damaged_one_takes_no_place_of_one_that_is_good(parent):
    older = Copy("older", NOW - timedelta(days=9), "physical", verified=True)
    diff = Copy("diff", NOW - timedelta(days=1), "physical", verified=True, parent="full")
    assert kept([older, *parent, diff], Policy(1, 0, 0)) == ["older"]
    assert kept([*parent, diff], Policy(1, 0, 0)) == ["diff", *(one.id for one in parent)]


def test_the_last_that_was_restored_for_a_trial_stays():
    copies = [*daily(3), Copy("tried", NOW - timedelta(days=40), tried=True)]
    assert kept(copies, Policy(1, 0, 0)) == ["b000", "tried"]


def test_what_nobody_has_read_pushes_out_nothing_that_somebody_has():
    """Weeks of backups that cannot be read would leave one that can."""
    weeks = [Copy(f"w{n}", NOW - timedelta(weeks=n), verified=n > 2) for n in range(6)]
    assert kept(weeks, Policy(1, 2, 0)) == ["w0", "w1", "w3", "w4"]
    assert kept([Copy(one.id, one.moment) for one in weeks], Policy(1, 2, 0)) == ["w0", "w1"]


def test_of_a_week_the_newest_that_was_proven_stays():
    monday = NOW - timedelta(days=1)
    copies = [Copy("late", NOW), Copy("read", monday, verified=True), Copy("early", monday - timedelta(hours=1))]
    assert reasons(copies, Policy(0, 1, 0))["read"][0] == "weekly 1 of 1"
    assert kept(copies, Policy(0, 1, 0)) == ["late", "read"]  # the last good one, too


@pytest.mark.parametrize(
    ("now", "before", "smaller"),
    [
        (Policy(3, 0, 0), Policy(), True), (Policy(), Policy(3, 0, 0), False), (Policy(), Policy(), False),
        (Policy(0, 0, 0), Policy(), False), (Policy(), Policy(0, 0, 0), True), (Policy(9, 4, 11), Policy(), True),
    ],
)  # fmt: skip
def test_which_policy_lets_more_go(now, before, smaller):
    assert now.smaller(before) is smaller
    assert now.larger(before).smaller(now) is False
