"""What a rollout tells while it runs. The command line shows events; nothing here knows how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fairlead.masking import concealed, concealed_data


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `kind` and `data` are for machines, `text` is one line for a person.

    Kinds: plan, build, step, done, failed, ready, traffic, watch, waiting, undo, undone, recovery, live, report, note.
    Values of secrets that this process knows are masked, so that whoever shows an event cannot forget it.
    """

    kind: str
    text: str
    data: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", concealed(self.text))
        object.__setattr__(self, "data", concealed_data(self.data))


Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """For callers who do not want to know."""
