"""The steps a rollout is made of, as data: they are printed, written to the journal, and done or undone from there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fairlead.project.stack import from_data, to_data
from fairlead.rollout.verdict.evidence import Mode

Kind = Literal[
    "snapshot",
    "rehearse",
    "migrate",
    "inspect",
    "start",
    "wake",
    "ready",
    "job",
    "route",
    "smoke",
    "approve",
    "rest",
    "watch",
    "verify",
    "commit",
    "prune",
]


@dataclass(frozen=True, slots=True)
class Shares:
    """Who gets requests: percent per release, and releases that only the secret header reaches."""

    weights: tuple[tuple[str, int], ...] = ()
    candidates: tuple[str, ...] = ()
    without: tuple[str, ...] = ()  #: ids of instances about to stop, and of services (RELEASE.SERVICE) not tested yet
    fallback: str = ""  #: serves the routes that no weighted release can serve
    sticky: str = ""  #: name of the cookie that keeps a visitor on one release; empty: none
    mirrored: str = ""  #: release that gets copies of the safe requests of the others
    mirror_percent: float = 0.0  #: of them

    def weight(self, release: str) -> int:
        """The percent of a release."""
        return dict(self.weights).get(release, 0)

    def releases(self) -> tuple[str, ...]:
        """Every release the edge knows."""
        rest = (self.fallback,) if self.fallback else ()
        return tuple(dict.fromkeys((*(release for release, _ in self.weights), *self.candidates, *rest)))

    def shown(self) -> str:
        """For a person."""
        parts = [f"{release} {weight} %" for release, weight in self.weights]
        parts += [f"{release} by header only" for release in self.candidates]
        parts += [f"{self.mirror_percent:g} % of the safe requests copied to {self.mirrored}"] if self.mirrored else []
        return ", ".join(parts) or "nobody"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. What the fields mean depends on the kind; those it does not use stay empty.

    snapshot  a restore point of store `service`, with `dump` a backup too; undo: nothing
    rehearse  run `scripts` of database `service` on a copy of it; undo: what is left of that copy goes
    migrate run `scripts` on database `service`, or `job`; undo: those that are `undoable`, or nothing
    inspect is database `service` as it should be     undo: nothing
    start   start `instances` of `release`            undo: take them from traffic, drain, stop, remove
    wake    start stopped `instances` again           undo: take them from traffic, drain, stop
    ready   wait until `instances` are ready          undo: nothing
    job     run `service` of `release` to its end     undo: end it
    route   give traffic by `shares`                  undo: give it by `before`
    smoke   ask `release` (its `service`) by the edge undo: nothing
    rest    drain and stop `instances`, restartable   undo: start them again, wait until they are ready
    watch   judge `release` for `seconds`             undo: nothing
    approve wait until a person says go on            undo: nothing
    verify  is all of `release` still well            undo: nothing
    commit  `release` is the live one from here on    cannot be undone
    prune   forget what is no longer kept             comes after the commit

    For `start` and `wake`, `before` is who got requests when it was planned: what is in force when they are undone.
    `watch` compares with `stable` by `mode`; `proves`: not over before enough is shown for all users. While a person is
    waited for, a release that has users is compared with `stable` too.
    """

    kind: Kind
    release: str
    instances: tuple[str, ...] = ()
    service: str = ""
    shares: Shares = field(default_factory=Shares)
    before: Shares = field(default_factory=Shares)
    seconds: float = 0.0
    stable: str = ""
    mode: Mode = "canary"
    proves: bool = False
    scripts: tuple[str, ...] = ()
    undoable: tuple[str, ...] = ()
    job: str = ""
    dump: bool = False
    rehearsed: bool = False  #: what a rehearsal before it shows counts too
    number: int = 0  #: its place in the plan, from 1

    @property
    def id(self) -> str:
        """Stable within the plan."""
        return f"{self.number}:{self.kind}"

    def shown(self) -> str:
        """One line for a person."""
        return _SHOWN[self.kind].format(
            release=self.release,
            instances=", ".join(id.partition(".")[2] for id in self.instances),
            service=self.service,
            asked=f"{self.service} of {self.release}" if self.service else self.release,
            shares=self.shares.shown(),
            how=self._how(),
            dump=", and a backup" if self.dump else "",
            what=f"by job {self.job}" if self.job else ", ".join(self.scripts),
            otherwise=self._otherwise(),
        )

    def _otherwise(self) -> str:
        """What happens to the schema when something fails later."""
        left = [one for one in self.scripts if one not in self.undoable]
        if self.job:
            return "what it did stays if something fails later: nobody but that tool could undo it"
        if not left:
            return "undone if something fails later: that is proven to lose nothing, as long as nobody writes into it"
        if self.rehearsed:
            return "undone if something fails later and its rehearsal shows that this loses nothing, else it stays"
        what = "it stays" if len(self.scripts) == 1 else "they stay"
        undo = f"an undo of {', '.join(left)}" if self.undoable else "an undo"  # of all that ran, or of none
        return f"{what} if something fails later: that {undo} loses nothing is not proven"

    def _how(self) -> str:
        what = {"canary": "judge", "watch": "judge", "shadow": "judge the mirrored requests of"}[self.mode]
        until = ", until enough is shown" if self.proves else ""
        return f"{what} {self.release} for {self.seconds:g} s{until}"

    def to_data(self) -> dict[str, Any]:
        """For the journal."""
        return to_data(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Step:
        """The inverse of `to_data`."""
        return from_data(cls, data)


_SHOWN: dict[Kind, str] = {
    "snapshot": "restore point of {service}{dump}",
    "rehearse": "rehearse {service} on a copy: {what}",
    "migrate": "migrate {service}: {what}; {otherwise}",
    "inspect": "look at {service}: history, indexes and checks",
    "start": "start {instances} of {release}",
    "wake": "start {instances} of {release} again",
    "ready": "wait until {instances} of {release} answer their health check",
    "job": "run job {service} of {release}",
    "route": "traffic: {shares}",
    "smoke": "smoke tests of {asked} through the edge",
    "rest": "drain and stop {instances} of {release}",
    "approve": "wait until a person approves {release}",
    "watch": "{how}",
    "verify": "verify {release}: every instance up, smoke tests pass",
    "commit": "{release} is live",
    "prune": "forget releases that are no longer kept",
}


def numbered(steps: list[Step]) -> tuple[Step, ...]:
    """Give each step its place in the plan."""
    return tuple(replace(step, number=place) for place, step in enumerate(steps, start=1))
