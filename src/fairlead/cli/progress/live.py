"""Progress on a terminal: steps with spinner, tick and duration; instances; traffic; requests a second."""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from fairlead.cli.progress.story import Line, Story
from fairlead.rollout.events import Event

MARKS = {
    "waiting": ("·", "dim"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "undone": ("↩", "yellow"),
    "held": ("‖", "yellow"),
}
BAR = 24  #: columns of a traffic bar
VERDICTS = {"promote": "green", "continue": "", "hold": "yellow", "abort": "red"}
BESIDE = 15  #: columns of a step's mark and time
OTHER_LINES = 11  #: rows of the display that are not steps
FEWEST = 5  #: steps shown on the smallest terminal


class Live:
    """Shows a story, redrawn a few times a second on stderr."""

    live = True

    def __init__(self, title: str, console: Console | None = None) -> None:
        self.story = Story(title)
        self._console = console or Console(stderr=True, highlight=False)
        self._lock = threading.Lock()
        self._spinner = Spinner("dots", style="cyan")
        self._live = RichLive(
            console=self._console, refresh_per_second=8, get_renderable=self.drawn, redirect_stdout=False,
            redirect_stderr=False,
        )  # fmt: skip

    def __call__(self, event: Event) -> None:
        with self._lock:
            self.story.tell(event)

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.story.over = True
        with contextlib.suppress(OSError):  # a terminal that is gone
            self._live.stop()

    def drawn(self) -> RenderableType:
        """The whole display, as it is now."""
        with self._lock:
            story = self.story
            parts: list[RenderableType] = [self._head(), *self._steps()]
            parts += [Text(f"  {note}", style="dim", overflow="ellipsis", no_wrap=True) for note in story.notes]
            parts += [self._bar(release, weight) for release, weight in story.weights.items()]
            if story.verdict:
                parts.append(Text(f"  {story.verdict}", style=VERDICTS.get(story.verdict_kind, "")))
            if story.pulse:
                parts.append(Text(f"  {story.pulse}", style="cyan"))
            return Group(*parts)

    def _head(self) -> RenderableType:
        text = Text(self.story.title, style="bold")
        if self.story.release:
            text.append(f"  release {self.story.release}", style="cyan")
        if self.story.reason:
            text.append(f"\n  {self.story.reason}", style="red")
        return text

    def _steps(self) -> list[RenderableType]:
        room = max(FEWEST, self._console.size.height - OTHER_LINES - len(self.story.notes))
        lines, before, behind = self.story.window(room)
        shown: list[RenderableType] = [self._step(line) for line in lines]
        head = [Text(f"    {before} steps done", style="dim")] if before else []
        tail = [Text(f"    {behind} more steps", style="dim")] if behind else []
        return [*head, *shown, *tail]

    def _step(self, line: Line) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=4, justify="right")
        grid.add_column(overflow="ellipsis", no_wrap=True, max_width=self._console.width - BESIDE)
        grid.add_column(justify="right", style="dim", no_wrap=True)
        grid.add_row(self._mark(line), Text(line.text, style="" if line.state != "waiting" else "dim"), _time(line))
        return grid

    def _mark(self, line: Line) -> RenderableType:
        if line.state == "running" and not self.story.over:
            return self._spinner
        mark, style = MARKS.get(line.state, MARKS["waiting"])
        return Text(mark, style=style)

    def _bar(self, release: str, weight: int) -> RenderableType:
        full = round(BAR * weight / 100)
        text = Text(f"  {release} ")
        text.append("█" * full, style="green")
        text.append("░" * (BAR - full), style="dim")
        return text.append(f" {weight:3d} % of the traffic")


def _time(line: Line) -> str:
    now: Any = time.monotonic()
    if line.state == "running":
        return f"{now - line.begun:.1f} s"
    return f"{line.seconds:.1f} s" if line.state == "done" and line.seconds else ""
