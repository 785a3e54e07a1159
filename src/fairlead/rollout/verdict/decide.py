"""From a verdict to what happens next in a watch. Pure: the caller has the clock and does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairlead.project.stack import Judge
from fairlead.rollout.verdict.verdict import Verdict

HURRY = 3.0  #: seconds for the first answers to come, also where nobody waits at the terminal

Move = Literal["stay", "go", "fail", "wait"]
"""stay: look again. go: the step is over. fail: take the rollout back. wait: leave it to a person."""

Need = Literal["proof", "something", "nothing"]
"""What must be known at the end of a watch: enough for all users, anything at all, or nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A watch at one moment."""

    elapsed: float  #: seconds since it began
    seconds: float  #: how long it is to last at least
    need: Need
    paused: bool = False
    promoted: bool = False  #: a person wants it for all users, whatever is known
    approved: bool = False  #: a person has said go on
    hurry: bool = False  #: nobody waits at the terminal
    probes: int = 0  #: sent so far
    failed_probes: int = 0


def decide(policy: Judge, verdict: Verdict, now: Moment) -> Move:
    """The next move."""
    if verdict.kind == "abort":
        return "fail"
    if now.promoted or now.elapsed < now.seconds:
        return "go" if now.promoted else "stay"
    return _at_the_end(policy, verdict, now)


def _at_the_end(policy: Judge, verdict: Verdict, now: Moment) -> Move:
    if now.paused:
        return _later(policy, now)
    if now.approved or _enough(verdict, now):
        return "go"
    if verdict.kind == "hold" and verdict.cause != "insufficient":
        return _later(policy, now)
    return _insufficient(policy, now)


def _enough(verdict: Verdict, now: Moment) -> bool:
    if verdict.kind == "promote":
        return True
    if now.need == "nothing":
        return verdict.cause in ("", "insufficient")
    return now.need == "something" and verdict.kind == "continue"


def _insufficient(policy: Judge, now: Moment) -> Move:
    if policy.insufficient == "abort":
        return "fail"
    if policy.insufficient == "promote-if-probes-pass" and now.probes and not now.failed_probes:
        return "go"
    if policy.insufficient == "extend":
        return "stay" if now.elapsed - now.seconds < policy.hold_for else "fail"
    return _later(policy, now)


def _later(policy: Judge, now: Moment) -> Move:
    patience = min(HURRY, policy.hold_for) if now.hurry else policy.hold_for
    return "stay" if now.elapsed - now.seconds < patience else "wait"
