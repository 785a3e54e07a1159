"""`rollout`: how one release becomes the next, and how what speaks for and against it is weighed.

The bounds of the judge's numbers leave out what would decide nothing: a share of errors that no count can show, a
chance so small that nothing is ever aborted, a confidence below even odds.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from fairlead.project import values
from fairlead.project.sections import (
    Duration,
    Flag,
    Section,
    at_least,
    choice,
    number,
    text_like,
    whole,
)
from fairlead.project.smoke import Smoke

_Strategy = Annotated[Literal["rolling", "blue-green", "canary"], choice("rolling", "blue-green", "canary")]
_Sticky = Annotated[Literal["cookie", "off"], choice("cookie", "off")]
_Insufficient = Annotated[
    Literal["hold", "extend", "promote-if-probes-pass", "abort"],
    choice("hold", "extend", "promote-if-probes-pass", "abort"),
]
_Tolerated = Annotated[float, at_least("a ratio from 1 to 10, such as 1.5", 1, 10)]
_Alpha = Annotated[float, at_least("a probability from 0.0001 to 0.2, such as 0.01", 0.0001, 0.2)]
_Latency = Annotated[
    float | None, text_like("a duration such as 300ms, or off", values.DURATION_OR_OFF, values.latency)
]
_ErrorsBelow = Annotated[
    float | None, text_like("a percentage above 0%, up to 50%, such as 2%", values.ERRORS_BELOW, values.errors_below)
]
_Confidence = Annotated[
    float, text_like("a percentage from 50% to 99.999%, such as 95%", values.CONFIDENCE, values.confidence)
]
_Rate = Annotated[
    float, text_like("a rate such as 10/m (up to 99/s, 9999/m or 99999/h), or off", values.PROBE_RATE, values.rate)
]
_Lasting = Annotated[float, text_like("a duration above 0, such as 1m", values.LASTING, values.lasting)]
_Watched = Annotated[float | None, text_like("a duration such as 5m, or off", values.DURATION_OR_OFF, values.watched)]


class CanaryStep(Section):
    """An item of `steps`: so many percent of the requests for so long."""

    weight: Annotated[int, whole(1, 99)]
    pause_for: Duration = Field(default=0.0, alias="for")
    pause: Annotated[Literal["approve"] | None, choice("approve")] = None


class JudgeErrors(Section):
    """`judge.errors`: which ratio of errors to the stable release is still fine."""

    tolerate: _Tolerated = 1.5


class JudgeLatency(Section):
    """`judge.latency`: the share of answers slower than this is compared; None: it is not."""

    short: ClassVar[str | None] = "over"
    what: ClassVar[str] = "a duration such as 300ms, or off"

    over: _Latency = 0.3


class JudgePromote(Section):
    """`judge.promote`: what must be shown before all users get the new release."""

    errors_below: _ErrorsBelow = None
    confidence: _Confidence = 0.95


class JudgeProbes(Section):
    """`judge.probes`: requests of Fairlead's own to the new release; the rate is per second."""

    short: ClassVar[str | None] = "rate"
    what: ClassVar[str] = "a rate such as 10/m, off, or a mapping"

    rate: _Rate = 10 / 60
    requests: tuple[Smoke, ...] = ()


class Judge(Section):
    """`judge`: how the evidence on a new release is weighed."""

    errors: JudgeErrors = Field(default_factory=JudgeErrors)
    latency: JudgeLatency = Field(default_factory=JudgeLatency)
    alpha: _Alpha = 0.01
    promote: JudgePromote = Field(default_factory=JudgePromote)
    probes: JudgeProbes = Field(default_factory=JudgeProbes)
    insufficient: _Insufficient = "hold"
    hold_for: Duration = 1800.0


class Watch(Section):
    """`watch`: how long the new release is judged after the switch; 0: not at all, None: as the window allows."""

    short: ClassVar[str | None] = "for"
    what: ClassVar[str] = "a duration such as 5m, off, or a mapping"

    duration: _Watched = Field(default=None, alias="for")
    rollback: Flag = True


class Shadow(Section):
    """`shadow`: safe requests mirrored to the new release before its first user."""

    percent: Annotated[float, number("a number above 0, up to 100", 0, 100)]
    duration: _Lasting = Field(alias="for")


class Rollout(Section):
    """`rollout`."""

    strategy: _Strategy = "blue-green"
    keep: Annotated[int, whole(1, 100)] = 3
    rollback_window: Duration = 600.0
    steps: tuple[CanaryStep, ...] = ()
    surge: Annotated[int, whole(0, 100)] = 1
    unavailable: Annotated[int, whole(0, 100)] = 0
    soak: Duration = 0.0
    judge: Judge = Field(default_factory=Judge)
    watch: Watch = Field(default_factory=Watch)
    shadow: Shadow | None = None
    sticky: _Sticky = "off"
    approve: Flag = False
