"""The steps a rotation is made of, as data: they are printed, written to the ledger, and done or undone from there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from fairlead.project.stack import from_data

Kind = Literal[
    "stage", "accept", "verify", "announce", "wait", "publish", "store", "spread", "drain", "refuse", "withdraw",
    "retire",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the rotation of one secret.

    stage     keep the new value beside the old one           undo: forget it
    accept    have the server take both                       undo: have it take the old one alone
    verify    log in with the new one                         undo: nothing
    announce  have verifiers know the new key too             undo: have them know the old one alone
    wait      let `seconds` pass, because of `why`            undo: nothing
    publish   services of the live release use the new one    undo: they use the old one, which still works
    store     keep the new one in the back end                undo: keep the old one there
    spread    releases that are kept have the new one too     comes after the publication
    drain     wait until nobody holds the old one             comes after the publication
    refuse    have the server take the new one alone          comes after the publication
    withdraw  have verifiers know the new key alone           comes after the publication
    retire    forget the old value                            comes after the publication
    """

    kind: Kind
    secret: str
    seconds: float = 0.0
    why: str = ""
    number: int = 0  #: its place in the plan, from 1

    @property
    def id(self) -> str:
        """Stable within the plan."""
        return f"{self.number}:{self.kind}"

    def shown(self) -> str:
        """One line for a person."""
        return _SHOWN[self.kind].format(secret=self.secret, seconds=self.seconds, why=self.why)

    def to_data(self) -> dict[str, Any]:
        """For the ledger."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Step:
        """The inverse of `to_data`."""
        return from_data(cls, data)


_SHOWN: dict[Kind, str] = {
    "stage": "keep the new {secret} beside the old one",
    "accept": "the server takes both values of {secret}",
    "verify": "log in with the new {secret}",
    "announce": "verifiers know the new {secret} too, nobody signs with it yet",
    "wait": "wait {seconds:g} s: {why}",
    "publish": "services use the new {secret}; the old one still works",
    "store": "keep the new {secret} in its back end",
    "spread": "releases that are kept have the new {secret} too",
    "drain": "wait, at most {seconds:g} s, until no connection made with the old {secret} is left",
    "refuse": "the server takes the new {secret} alone",
    "withdraw": "verifiers know the new {secret} alone",
    "retire": "forget the old {secret}",
}


def numbered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Give each step its place in the plan."""
    return tuple(replace(step, number=place) for place, step in enumerate(steps, start=1))
