"""Which secrets are older than they may get, and which rotations are under way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fairlead.ledger import Ledger
from fairlead.project.project import Project
from fairlead.secrets.rotation.ages import Due, schedule
from fairlead.secrets.rotation.journal import OpenRotation, open_rotations
from fairlead.system.home import Place


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A rotation that is not at its end."""

    secret: str
    next: str  #: the step that comes next
    left: float  #: seconds until then
    undoing: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """What `fairlead secrets due` tells."""

    secrets: tuple[Due, ...]
    under_way: tuple[UnderWay, ...]

    @property
    def due(self) -> tuple[str, ...]:
        """The names of those that are."""
        return tuple(one.secret for one in self.secrets if one.due)

    def to_data(self) -> dict[str, Any]:
        """For machines."""
        rows = [
            asdict(one) | {"since": one.since.isoformat() if one.since else None, "due": one.due}
            for one in self.secrets
        ]
        return {"secrets": rows, "under_way": [asdict(one) for one in self.under_way], "due": list(self.due)}


def due(project: Project, environment: str) -> Schedule:
    """By the schedule of the project file, and what the ledger knows. Nothing is changed, no back end is asked."""
    stack, place = project.outline(environment), Place.of(project.name, environment)
    if not place.exists():
        unknown = [one for one in stack.secrets if one.rotate.every is not None]
        never = (Due(one.name, one.rotate.kind, one.rotate.every or 0.0, None, None) for one in unknown)
        return Schedule(tuple(never), ())
    with Ledger.read(place.ledger) as ledger:
        return Schedule(schedule(stack.secrets, ledger), tuple(_under_way(one) for one in open_rotations(ledger)))


def _under_way(rotation: OpenRotation) -> UnderWay:
    step = next(iter(rotation.to_do()), None)
    return UnderWay(rotation.secret, step.shown() if step else "", rotation.left(), rotation.reason is not None)
