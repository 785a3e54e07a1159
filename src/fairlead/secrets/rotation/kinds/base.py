"""What a kind of rotation is: a plan, how long an old value may live on, and what it asks of a server.

PostgreSQL's two roles fit in here: `accept` sets the password of the role that rests, `verify` logs in as it, and
`refuse` has the other one rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fairlead.masking import Secret
from fairlead.project.stack import Rotate, SecretSpec
from fairlead.secrets.rotation.slot import Slot
from fairlead.secrets.rotation.steps import Step


class Server(Protocol):
    """What accepts a secret. Every method is idempotent: it looks before it acts, because it may run twice.

    FairleadError when it does not answer, or does not do what it should.
    """

    def check(self, old: Secret) -> None:
        """Refused when a rotation could not work: not reachable, not allowed, the old value not accepted."""

    def accept(self, new: Secret) -> Sequence[str]:
        """Take this one too, also after a restart of the server; what a person should know of it."""

    def verify(self, new: Secret) -> None:
        """Log in with it, for real."""

    def holders(self, seconds: float) -> int:
        """How many connections of its users are older than that, and so were made with the old value."""

    def expel(self, seconds: float) -> int:
        """End them; how many there were."""

    def refuse(self, old: Secret, new: Secret) -> Sequence[str]:
        """Take this one no more, also after a restart; what a person should know of it."""


@dataclass(frozen=True, slots=True)
class RotationKind:
    """One kind. `plan` is pure; `longest` is the time for which an old value may be in use somewhere, seconds."""

    plan: Callable[[str, Rotate], tuple[Step, ...]]
    longest: Callable[[Rotate], float]
    server: Callable[[SecretSpec, Slot], Server] | None = None  #: None: nothing but services holds the value
    generates: tuple[str, ...] = ()  #: kinds of values it can work with; empty: any
    cooling: Callable[[Rotate], float] = lambda rotate: 0.0
    """How long the new value may be in use somewhere after services were given the old one again, seconds."""
    shape: Callable[[Secret, Secret], Secret] = lambda old, new: new
    """What a new value becomes beside the old one."""
    breaks: Callable[[Rotate], str] = lambda rotate: "nothing but the old value itself"
    """What an emergency, which waits for nobody, costs."""


def skew(seconds: float) -> float:
    """The same time as the slowest clock and the slowest reader see it: a tenth more, at most a minute."""
    return seconds + min(60.0, seconds / 10)
