"""How the demo looks: a list that grows with live counts below on a terminal, plain lines elsewhere. All on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fairlead.demo.outcome import Act
from fairlead.demo.report import TrafficReport

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fairlead.demo.acts import Stage


class Lines:
    """A line when an act begins, another when it is over."""

    def __init__(self) -> None:
        self._look: Callable[[], TrafficReport] | None = None

    def begin(self, title: str) -> None:
        """Say what comes."""
        self._say(title)

    def end(self, act: Act) -> None:
        """Say what came of it, and how the traffic is."""
        self._say(f"  ok in {act.seconds:.1f} s: {act.text}")
        if self._look:
            self._say(f"  {pulse(self._look())}")

    def watch(self, look: Callable[[], TrafficReport] | None) -> None:
        """Counts come with each act from now on."""
        self._look = look

    def _say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class Screen:
    """Redrawn a few times a second."""

    def __init__(self) -> None:
        from rich.spinner import Spinner  # noqa: PLC0415 - rich takes 60 ms, plain lines do without

        self._done: list[Act] = []
        self._now: tuple[str, float] | None = None
        self._look: Callable[[], TrafficReport] | None = None
        self._spinner = Spinner("dots", style="cyan")

    def begin(self, title: str) -> None:
        """A spinner beside it."""
        self._now = (title, time.monotonic())

    def end(self, act: Act) -> None:
        """A tick, and what came of it."""
        self._done.append(act)
        self._now = None

    def watch(self, look: Callable[[], TrafficReport] | None) -> None:
        """Counts are shown from now on."""
        self._look = look

    def drawn(self) -> RenderableType:
        """Everything so far."""
        from rich.console import Group  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=2, justify="right")
        grid.add_column()
        grid.add_column(justify="right", style="dim", no_wrap=True)
        for act in self._done:
            grid.add_row(Text("✓", style="green"), Text(act.title, style="bold"), f"{act.seconds:.1f} s")
            grid.add_row("", Text(act.text, style="dim"), "")
        if self._now:
            title, since = self._now
            grid.add_row(self._spinner, Text(title, style="bold"), f"{time.monotonic() - since:.1f} s")
        rest = [Text("   " + pulse(self._look()), style="cyan")] if self._look else []
        return Group(grid, *rest)


def pulse(report: TrafficReport) -> str:
    """How the traffic is, in one line."""
    newest = max(report.versions.items(), key=lambda item: item[1].first, default=("none", None))[0]
    return (
        f"traffic: {report.sent} requests, {report.lost} lost, {report.per_second:.0f} answers/s, "
        f"{report.app_errors} errors of the application, newest version seen: {newest}"
    )


@contextmanager
def stage() -> Iterator[Stage]:
    """The right one for this stderr."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    screen = Screen()
    with Live(console=Console(stderr=True), get_renderable=screen.drawn, refresh_per_second=8, redirect_stdout=False):
        yield screen
