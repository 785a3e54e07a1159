"""Which backups are kept, with a reason for each. Pure.

As restic does it: the newest first; in each tier the newest of each new day, week or month is kept until so many are
there; a backup stays when any tier wants it. Of a week or a month it is the newest that was read or tried, and what
never was takes no place from one that was. Days without a backup count for nothing, so an outage deletes nothing. All
in UTC, by when a backup ended; a week is the ISO year's, as the last days of December may be of the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta

DAYS: dict[str, Callable[[datetime], tuple[int, ...]]] = {
    "daily": lambda moment: (moment.year, moment.month, moment.day),
    "weekly": lambda moment: moment.isocalendar()[:2],
    "monthly": lambda moment: (moment.year, moment.month),
}


NONE: Mapping[str, str] = {}
UNREAD = ", which no backup that was read or tried claims: this one was not"
"""Why one that is not proven has the place of a week or a month. To leave such a place empty would delete good backups
where no key lies that could read them, and one drill by hand would begin that."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup, for this purpose."""

    id: str
    moment: datetime
    kind: str = "logical"
    verified: bool = False  #: read whole
    tried: bool = False  #: restored for a trial
    good: bool = True  #: nothing is known to be wrong with it
    parent: str = ""  #: the id of the one without which it is nothing

    @property
    def proven(self) -> bool:
        """Somebody has seen that it can be read."""
        return self.verified or self.tried


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

    def smaller(self, before: Policy) -> bool:
        """Whether it lets something go that `before` keeps. An empty one keeps all."""
        return not self.empty and (before.empty or self.larger(before) != self)

    def larger(self, other: Policy) -> Policy:
        """Of each the larger one; what keeps all keeps all."""
        if self.empty or other.empty:
            return Policy(0, 0, 0)
        return Policy(*(max(one) for one in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one."""

    id: str
    keep: bool
    reasons: tuple[str, ...]


def decide(
    copies: Iterable[Copy], policy: Policy, now: datetime, held: Mapping[str, str] = NONE
) -> tuple[Decision, ...]:
    """Of each, the newest first. `held`: those that stay whatever the policy says, and why.

    An empty policy, which nobody means, keeps all. Backups of the future, from a clock that jumped, and damaged ones
    fill no place of a tier.
    """
    ordered = sorted(_judged(list(copies)), key=lambda one: (one.moment, one.id), reverse=True)
    why: dict[str, list[str]] = {one.id: [] for one in ordered}
    for kind in sorted({one.kind for one in ordered}):
        mine = [one for one in ordered if one.kind == kind]
        _tiers([one for one in mine if one.good and one.moment <= now], policy, why)
        _spared(mine, policy, now, why)
    for id, reason in held.items():
        why.get(id, []).append(reason)
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
        some = [one for one in mine if not one.parent or tier == "daily"]  # with it what it depends on would stay
        for number, one in _places(some, key, getattr(policy, tier), tier != "daily"):
            unread = "" if tier == "daily" or one.proven else UNREAD
            why[one.id].append(f"{tier} {number} of {getattr(policy, tier)}{unread}")


def _places(
    mine: Sequence[Copy], key: Callable[[datetime], tuple[int, ...]], count: int, prove: bool
) -> Iterator[tuple[int, Copy]]:
    """Who takes the places of a tier. `prove`: in each bucket one that was read or tried, if there is one, and what
    never was takes no place from those: a week of backups that nobody can read would push out the last that one can.
    """
    buckets: dict[tuple[int, ...], Copy] = {}
    for one in mine:
        bucket = key(one.moment.astimezone(UTC))
        if bucket not in buckets or (prove and one.proven and not buckets[bucket].proven):
            buckets[bucket] = one
    proven = 0
    for number, one in enumerate(buckets.values(), 1):
        proven += one.proven
        place = min(number, proven) if prove and one.proven else number
        if place <= count:
            yield place, one


def _spared(mine: Sequence[Copy], policy: Policy, now: datetime, why: Mapping[str, list[str]]) -> None:
    """What no policy may delete."""
    good = [one for one in mine if one.good]
    verified, tried = [one for one in good if one.verified], [one for one in good if one.tried]
    for one in good[:1]:
        why[one.id].append("the last good one")
    for one in verified[:1]:
        why[one.id].append("the last that was verified")
    for one in tried[:1]:
        why[one.id].append("the last that was restored for a trial")
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
