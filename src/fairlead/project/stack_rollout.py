"""How one release becomes the next, and how it is judged meanwhile. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Strategy = Literal["rolling", "blue-green", "canary"]


@dataclass(frozen=True, slots=True)
class Smoke:
    """One request through the edge and what its answer must be."""

    path: str
    host: str | None = None
    status: int = 200
    contains: str | None = None
    header: dict[str, str] = field(default_factory=dict)  #: response headers that must be there, with these values
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class CanaryStep:
    """`weight` percent of the requests for `pause` seconds (`for` in the file)."""

    weight: int
    pause: float = 0.0
    approve: bool = False  #: a person has to approve before the next step


LATENCY_BUCKETS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Upper bounds, in seconds, by which the edge counts how long answers took; `Judge.over` is one of them.

One fixed grid: the edge takes another one only when it is started, so it must fit every threshold there will be.
"""

Insufficient = Literal["hold", "extend", "promote-if-probes-pass", "abort"]


@dataclass(frozen=True, slots=True)
class Judge:
    """How the evidence on a new release is weighed."""

    tolerate: float = 1.5  #: ratio of errors (and of slow answers) to the stable release that is still fine
    over: float | None = 0.3  #: an answer that takes longer is slow, seconds; None: latency is not judged
    alpha: float = 0.01  #: chance of ever aborting a good release
    errors_below: float | None = None  #: share of errors, shown before promotion; None: 2 %, or what the stable one has
    confidence: float = 0.95  #: how surely it is shown
    probe_rate: float = 10 / 60  #: requests of Fairlead's own to the new release, per second; 0: none
    probes: tuple[Smoke, ...] = ()  #: what they ask; empty: the smoke tests, or the health checks
    insufficient: Insufficient = "hold"  #: what when a step has ended and too little is known
    hold_for: float = 1800.0  #: how long evidence, or a person, is waited for, seconds


@dataclass(frozen=True, slots=True)
class Watch:
    """How long the new release is judged after the switch."""

    seconds: float = 300.0
    rollback: bool = True  #: by itself; else it is only told


@dataclass(frozen=True, slots=True)
class Shadow:
    """Safe requests are mirrored to the new release before its first user."""

    percent: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Rollout:
    """How one release becomes the next."""

    strategy: Strategy = "blue-green"
    keep: int = 3  #: releases kept on disk
    rollback_window: float = 600.0  #: how long the old release stays warm, seconds
    steps: tuple[CanaryStep, ...] = ()  #: canary only
    surge: int = 1  #: rolling: instances more than `replicas` for a moment
    unavailable: int = 0  #: rolling: instances fewer than `replicas` for a moment
    soak: float = 0.0  #: judged after the switch, before the commit, seconds
    judge: Judge = field(default_factory=Judge)
    watch: Watch | None = None  #: judged after the commit, by the keeper
    shadow: Shadow | None = None
    sticky: bool = False  #: a visitor stays on one release
    approve: bool = False  #: a person has to approve before the first user
