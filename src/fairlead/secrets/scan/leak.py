"""What the scan finds: where something stands and what it is, never the value."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Match:
    """Something in a text: `start` and `end` count characters from 0. `own`: it is a value of this project."""

    start: int
    end: int
    kind: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Leak:
    """One place where a secret stands. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    kind: str  #: such as "GitHub Token", or "the value of SMTP_PASSWORD (production)"
    own: bool = False  #: it is a value of this project
    blob: str = ""  #: the git object it stands in, where that is not what the file holds now
    same: int = field(default=0, repr=False, compare=False)  #: equal for equal values, in this process only

    def __str__(self) -> str:
        return f"{self.where}:{self.line}:{self.column}: {self.kind}"

    @property
    def where(self) -> str:
        """The file, and which state of it."""
        return f"{self.file}@{self.blob[:12]}" if self.blob else self.file
