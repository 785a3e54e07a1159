"""How old the values of secrets are, as the ledger has it, and which are older than they may get.

secret.handed     services were handed these versions by a deployment; written when one of them is another one
secret.due        a secret is older than it may get; written once for each value, and told to who asked for it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fairlead.ledger.ledger import Ledger
from fairlead.project.stack import SecretSpec
from fairlead.secrets.rotation.journal import CLOSED
from fairlead.system import clock

HANDED, DUE = "secret.handed", "secret.due"


@dataclass(frozen=True, slots=True)
class Age:
    """Since when a secret has the value it has."""

    version: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A secret that has a schedule."""

    secret: str
    kind: str  #: of its rotation
    every: float  #: seconds
    since: datetime | None  #: None: it was never handed to a service
    left: float | None  #: seconds until it is due, negative when it was; None: not known

    @property
    def due(self) -> bool:
        """Whether it is older than it may get."""
        return self.left is not None and self.left <= 0


def ages(ledger: Ledger) -> dict[str, Age]:
    """Of every secret that services were handed, by name."""
    found: dict[str, Age] = {}
    for entry in ledger.entries(kinds=(HANDED, CLOSED)):
        for name, version in _versions(entry.kind, entry.data).items():
            if name not in found or found[name].version != version:
                found[name] = Age(version, entry.when())
    return found


def _versions(kind: str, data: Mapping[str, object]) -> Mapping[str, str]:
    if kind == CLOSED:
        return {str(data["secret"]): str(data["new"])} if data["result"] == "rotated" else {}
    handed = data["versions"]
    return {str(name): str(version) for name, version in handed.items()} if isinstance(handed, dict) else {}


def note_handed(ledger: Ledger, versions: Mapping[str, str]) -> None:
    """Write down what a deployment hands over, when any of it is another value than before."""
    known = ages(ledger)
    if any(name not in known or known[name].version != version for name, version in versions.items()):
        ledger.append(HANDED, {"versions": dict(versions)})


def schedule(specs: Iterable[SecretSpec], ledger: Ledger) -> tuple[Due, ...]:
    """Every secret with a schedule, what is due first."""
    known, now = ages(ledger), clock.now()
    found = []
    for spec in specs:
        every = spec.rotate.every
        if every is not None:
            age = known.get(spec.name)
            left = every - (now - age.since).total_seconds() if age else None
            found.append(Due(spec.name, spec.rotate.kind, every, age.since if age else None, left))
    return tuple(sorted(found, key=lambda one: (one.left is None, one.left or 0.0, one.secret)))


def remind(specs: Iterable[SecretSpec], ledger: Ledger) -> tuple[str, ...]:
    """Write down what is due, once for each value; the names that are new."""
    wanted = [one for one in schedule(specs, ledger) if one.due]
    if not wanted:
        return ()
    told = {(entry.data["secret"], entry.data["since"]) for entry in ledger.entries(kinds=(DUE,))}
    new = [one for one in wanted if (one.secret, _stamp(one)) not in told]
    ledger.append_many([(DUE, {"secret": one.secret, "since": _stamp(one), "every": one.every}, None) for one in new])
    return tuple(one.secret for one in new)


def _stamp(one: Due) -> str:
    return one.since.isoformat() if one.since else ""
