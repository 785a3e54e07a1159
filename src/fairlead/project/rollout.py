"""`rollout`: how one release becomes the next."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fairlead.project.sections import (
    Duration,
    Flag,
    OptionalDuration,
    OptionalPercent,
    Percent,
    Rate,
    Section,
    choice,
    number,
    whole,
)
from fairlead.project.smoke import Smoke

_Strategy = Annotated[Literal["rolling", "blue-green", "canary"], choice("rolling", "blue-green", "canary")]
_Sticky = Annotated[Literal["cookie", "off"], choice("cookie", "off")]
_Insufficient = Annotated[
    Literal["hold", "extend", "promote-if-probes-pass", "abort"],
    choice("hold", "extend", "promote-if-probes-pass", "abort"),
]


class CanaryStep(Section):
    """An item of `steps`: so many percent of the requests for so long."""

    weight: Annotated[int, whole(1, 99)]
    pause_for: Duration = Field(default=0.0, alias="for")
    pause: Annotated[Literal["approve"] | None, choice("approve")] = None


class JudgeErrors(Section):
    """`judge.errors`: which ratio of errors to the stable release is still fine."""

    tolerate: Annotated[float, number("a ratio of at least 1, such as 1.5", 0.999, 1000)] = 1.5


class JudgeLatency(Section):
    """`judge.latency`: the share of requests over this time is compared."""

    over: Duration


class JudgePromote(Section):
    """`judge.promote`: what must be shown before the next step."""

    errors_below: OptionalPercent = None
    confidence: Percent = 0.95


class JudgeProbes(Section):
    """`judge.probes`: requests of Fairlead's own to the canary."""

    rate: Rate = None
    requests: tuple[Smoke, ...] = ()


class Judge(Section):
    """`judge`: how the evidence on a canary is weighed."""

    errors: JudgeErrors | None = None
    latency: JudgeLatency | None = None
    alpha: Annotated[float, number("a probability such as 0.01", 0, 0.5)] = 0.01
    promote: JudgePromote | None = None
    probes: JudgeProbes | None = None
    insufficient: _Insufficient = "hold"
    hold_for: OptionalDuration = None


class Watch(Section):
    """`watch`: how long the new release is judged after the switch."""

    duration: Duration = Field(alias="for")
    rollback: Flag = True


class Shadow(Section):
    """`shadow`: safe requests mirrored to the new release before its first user."""

    percent: Annotated[float, number("a number above 0, up to 100", 0, 100)]
    duration: Duration = Field(alias="for")


class Rollout(Section):
    """`rollout`."""

    strategy: _Strategy = "blue-green"
    keep: Annotated[int, whole(1, 100)] = 3
    rollback_window: Duration = 600.0
    steps: tuple[CanaryStep, ...] = ()
    surge: Annotated[int, whole(0, 100)] = 1
    unavailable: Annotated[int, whole(0, 100)] = 0
    soak: Duration = 0.0
    judge: Judge | None = None
    watch: Watch | None = None
    shadow: Shadow | None = None
    sticky: _Sticky = "off"
    approve: Flag = False
