"""One finding of the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `hint` says how to mend it."""

    name: str
    result: Literal["ok", "warning", "failed"]
    text: str
    hint: str = ""


def ok(name: str, text: str) -> Check:
    """As it should be."""
    return Check(name, "ok", text)


def warning(name: str, text: str, hint: str = "") -> Check:
    """It works, but somebody should look at it."""
    return Check(name, "warning", text, hint)


def failed(name: str, text: str, hint: str = "") -> Check:
    """A deployment would fail."""
    return Check(name, "failed", text, hint)
