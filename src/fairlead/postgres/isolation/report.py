"""What came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that a role can do and must not, or must be able to and cannot."""

    role: str
    what: str


@dataclass
class Report:
    """Of one database."""

    database: str
    address: str
    tried: int = 0  #: connections and statements
    breaches: list[Breach] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  #: what cannot be kept from a role, or is for a person to judge

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.breaches

    def found(self, role: str, what: str) -> None:
        """One more, told once."""
        breach = Breach(role, what)
        if breach not in self.breaches:
            self.breaches.append(breach)

    def note(self, some: Iterable[str]) -> None:
        """For a person."""
        self.notes += [one for one in some if one not in self.notes]
