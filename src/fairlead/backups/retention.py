"""Which backups are kept, with a reason for each. Pure.

As restic does it: the newest first; in each tier the newest of each new day, week or month is kept until so many are
there; a backup stays when any tier wants it. Days without a backup count for nothing, so an outage deletes nothing. All
in UTC, by when a backup ended; a week is the ISO year's, as the last days of December may be of the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

DAYS: dict[str, Callable[[datetime], tuple[int, ...]]] = {
    "daily": lambda moment: (moment.year, moment.month, moment.day),
    "weekly": lambda moment: moment.isocalendar()[:2],
    "monthly": lambda moment: (moment.year, moment.month),
}


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup, for this purpose."""

    id: str
    moment: datetime
    kind: str = "logical"
    verified: bool = False
    good: bool = True  #: nothing is known to be wrong with it
    parent: str = ""  #: the id of the one without which it is nothing


@dataclass(frozen=True, slots=True)
class Policy:
    """How many of each tier; `point_in_time` is in seconds, 0 for none."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 12
    point_in_time: float = 0.0

    @property
    def empty(self) -> bool:
        """Nothing at all would be kept."""
        return not (self.daily or self.weekly or self.monthly or self.point_in_time)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one."""

    id: str
    keep: bool
    reasons: tuple[str, ...]


def decide(copies: Iterable[Copy], policy: Policy, now: datetime, used: Collection[str] = ()) -> tuple[Decision, ...]:
    """Of each, the newest first. `used`: those that somebody restores from now.

    An empty policy, which nobody means, keeps all. Backups of the future, from a clock that jumped, and damaged ones
    fill no place of a tier.
    """
    ordered = sorted(_judged(list(copies)), key=lambda one: (one.moment, one.id), reverse=True)
    why: dict[str, list[str]] = {one.id: [] for one in ordered}
    for kind in sorted({one.kind for one in ordered}):
        mine = [one for one in ordered if one.kind == kind]
        _tiers([one for one in mine if one.good and one.moment <= now], policy, why)
        _spared(mine, policy, now, why)
    for id in used:
        why.get(id, []).append("it is being used")
    for one in ordered:
        if one.parent and why[one.id]:
            why.get(one.parent, []).append(f"{one.id} is of no use without it")
    return tuple(Decision(one.id, bool(why[one.id]), _reasons(one, why[one.id], now)) for one in ordered)


def _judged(copies: Sequence[Copy]) -> list[Copy]:
    """What depends on one that is damaged, or is not there, is as good as that."""
    good = {one.id for one in copies if one.good}
    return [replace(one, good=one.good and (not one.parent or one.parent in good)) for one in copies]


def _tiers(mine: Sequence[Copy], policy: Policy, why: Mapping[str, list[str]]) -> None:
    for tier, key in DAYS.items():
        seen: list[tuple[int, ...]] = []
        for one in mine:
            if one.parent and tier != "daily":  # it would keep two: what it depends on has to stay as long
                continue
            bucket = key(one.moment.astimezone(UTC))
            if bucket not in seen and len(seen) < getattr(policy, tier):
                seen.append(bucket)
                why[one.id].append(f"{tier} {len(seen)} of {getattr(policy, tier)}")


def _spared(mine: Sequence[Copy], policy: Policy, now: datetime, why: Mapping[str, list[str]]) -> None:
    """What no policy may delete."""
    good = [one for one in mine if one.good]
    verified = [one for one in good if one.verified]
    for one in good[:1]:
        why[one.id].append("the last good one")
    for one in verified[:1]:
        why[one.id].append("the last that was verified")
    if policy.point_in_time:
        begin = now - timedelta(seconds=policy.point_in_time)
        window = [one for one in good if one.kind == "physical" and begin <= one.moment <= now]
        base = next((one for one in good if one.kind == "physical" and one.moment < begin), None)
        for one in [*window, *([base] if base else [])]:
            why[one.id].append("point in time")
    for one in mine:
        if policy.empty:
            why[one.id].append("nothing is said of what to keep")
        elif not good:
            why[one.id].append("there is no good one")
        elif one.moment > now:
            why[one.id].append("its time is still to come: a clock was wrong")


def _reasons(one: Copy, found: Sequence[str], now: datetime) -> tuple[str, ...]:
    if found:
        return tuple(found)
    return ("it is damaged",) if not one.good else ("a newer one has its place in every tier",)
