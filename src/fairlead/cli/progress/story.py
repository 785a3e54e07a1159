"""What has happened so far, as a display needs it. Knows nothing of a terminal, so that it can be tested without."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from fairlead.rollout.events import Event

LineState = Literal["waiting", "running", "done", "failed", "undone", "held"]
NOTES = 3  #: of what was said last, how many lines stay on the screen


@dataclass
class Line:
    """One step on the screen."""

    text: str
    state: LineState = "waiting"
    begun: float = 0.0  #: monotonic seconds
    seconds: float = 0.0


@dataclass
class Story:
    """A rollout as events told it."""

    title: str
    release: str = ""
    reason: str = ""  #: why it goes back
    over: bool = False
    lines: list[Line] = field(default_factory=list)
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=NOTES))
    weights: dict[str, int] = field(default_factory=dict)
    pulse: str = ""
    verdict: str = ""  #: what the evidence says now
    verdict_kind: str = ""

    def tell(self, event: Event) -> None:
        """One more event."""
        handler = getattr(self, f"_on_{event.kind}", None)
        if handler:
            handler(event)
        elif event.kind in ("build", "note", "ready", "recovery", "recovered", "built", "live"):
            self.notes.append(event.text)

    def window(self, room: int) -> tuple[list[Line], int, int]:
        """The lines that fit, around the one that runs, and how many are left out before and behind."""
        at = next((place for place, line in enumerate(self.lines) if line.state in ("running", "failed")), None)
        if at is None:
            at = next((place for place, line in enumerate(self.lines) if line.state == "waiting"), len(self.lines))
        first = max(0, min(at - room // 2, len(self.lines) - room))
        last = min(len(self.lines), first + room)
        return self.lines[first:last], first, len(self.lines) - last

    def _on_release(self, event: Event) -> None:
        self.release = str(event.data.get("release", ""))
        self.notes.clear()

    def _on_plan(self, event: Event) -> None:
        steps: Any = event.data.get("steps", ())
        done: Any = event.data.get("done", ())
        self.lines = [Line(str(text)) for text in steps]
        self.notes.clear()
        for step in done:
            if line := self._line(str(step)):
                line.state = "done"

    def _on_step(self, event: Event) -> None:
        if line := self._line(event.data.get("step")):
            line.state, line.begun = "running", time.monotonic()
        self.notes.clear()
        self.verdict = self.verdict_kind = ""

    def _on_done(self, event: Event) -> None:
        if line := self._line(event.data.get("step")):
            seconds: Any = event.data.get("seconds", 0.0)
            line.state, line.seconds = "done", float(seconds)

    def _on_failed(self, event: Event) -> None:
        self.reason = event.text.splitlines()[0]
        for line in self.lines:
            line.state = "failed" if line.state == "running" else line.state
        self.notes.clear()

    def _on_waiting(self, event: Event) -> None:
        for line in self.lines:
            line.state = "held" if line.state == "running" else line.state

    def _on_watch(self, event: Event) -> None:
        verdict: Any = event.data.get("verdict") or {}
        self.verdict, self.verdict_kind = event.text, str(verdict.get("kind", ""))

    def _on_undo(self, event: Event) -> None:
        self.notes.append(event.text)

    def _on_undone(self, event: Event) -> None:
        for line in self.lines:
            line.state = "undone" if line.state == "done" else line.state
        self.notes.append(event.text)

    def _on_traffic(self, event: Event) -> None:
        weights: Any = event.data.get("weights", {})
        self.weights = {str(release): int(weight) for release, weight in weights.items()}

    def _on_pulse(self, event: Event) -> None:
        self.pulse = event.text

    def _line(self, step: object) -> Line | None:
        """The line of a step's id, `NUMBER:KIND`."""
        number = str(step).partition(":")[0]
        place = int(number) - 1 if number.isdigit() else -1
        return self.lines[place] if 0 <= place < len(self.lines) else None
