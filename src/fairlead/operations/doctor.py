"""Doctor: would it work? Asked before every deployment, so that it fails before anything was touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairlead.errors import Refused
from fairlead.project.project import Project


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `hint` says how to mend it."""

    name: str
    result: Literal["ok", "warning", "failed"]
    text: str
    hint: str = ""


def examine(project: Project, environment: str) -> tuple[Check, ...]:
    """Every check for that environment of the project."""
    return ()


def require(checks: tuple[Check, ...]) -> None:
    """Refused, with every failed check, when there is one."""
    failed = [check for check in checks if check.result == "failed"]
    if failed:
        lines = "\n".join(f"  {check.name}: {check.text}" for check in failed)
        hints = "; ".join(dict.fromkeys(check.hint for check in failed if check.hint))
        raise Refused(f"the doctor says no:\n{lines}", hints or None)
