"""What did not come over as it was, said one by one: nothing is lost silently."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fairlead.errors import Finding
from fairlead.project.tree import Node, dotted

Kind = Literal["lost", "changed", "hard-coded", "note"]
MOST = 500  #: a folder with more has one reason, many times


@dataclass(frozen=True, slots=True)
class Left:
    """One thing that a person should know of, and where it stands.

    `lost` is not in the project, `changed` is there in another form, `hard-coded` bypasses the variables, and a `note`
    is in it as it was but means less there.
    """

    kind: Kind
    finding: Finding

    def __str__(self) -> str:
        return f"{self.kind}: {self.finding}"


@dataclass(slots=True)
class Report:
    """Everything that was left, in the order it was found."""

    left: list[Left] = field(default_factory=list)

    def say(self, kind: Kind, node: Node, message: str) -> None:
        """Adds what is to be said of `node`, whose path begins with its file."""
        file, *path = node.path or ("",)
        self.add(kind, Finding(str(file), node.at.line, node.at.column, dotted(tuple(path)), message))

    def add(self, kind: Kind, finding: Finding) -> None:
        """Adds a finding once."""
        one = Left(kind, finding)
        if len(self.left) < MOST and one not in self.left:
            self.left.append(one)
