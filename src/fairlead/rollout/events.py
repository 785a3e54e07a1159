"""What a rollout tells while it runs. The command line shows events; nothing here knows how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `kind` and `data` are for machines, `text` is one line for a person.

    Kinds: plan, build, step, done, failed, ready, traffic, watch, waiting, undo, undone, recovery, live, report, note.
    """

    kind: str
    text: str
    data: dict[str, object] = field(default_factory=dict)


Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """For callers who do not want to know."""
