"""`.env.ENVIRONMENT` beside the project file: the values that one environment gives its variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from fairlead.errors import Finding
from fairlead.project.dotenv import Entry, parse


class DotEnv(NamedTuple):
    """Such a file as it was read: its name as findings show it, and its text or why there is none."""

    file: str
    text: str = ""
    unreadable: Finding | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What it says, and what is wrong with it."""

    file: str
    entries: dict[str, Entry] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    values: dict[str, str] = field(default_factory=dict)  #: the values alone, of all names that stand in it

    def finding(self, name: str, message: str) -> Finding:
        """Something wrong with the line of `name`."""
        entry = self.entries[name]
        return Finding(self.file, entry.line, entry.column, name, message)


def given(source: DotEnv | None, environment: str) -> Given:
    """What a file gives; nothing where there is none."""
    if source is None:
        return Given(f".env.{environment}")
    if source.unreadable:
        return Given(source.file, findings=(source.unreadable,))
    entries, findings = parse(source.text, source.file)
    return Given(source.file, entries, tuple(findings), {name: entry.value for name, entry in entries.items()})
