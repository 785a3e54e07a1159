"""What a migrator says while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that is about to happen, or has happened. `commit` comes right before one."""

    kind: Literal["begin", "statement", "commit", "done", "retry", "note", "wait"]
    text: str
    script: str = ""
    number: int = 0  #: of the statement, from 1
    ms: int = 0  #: how long it ran


Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """Nobody listens."""
