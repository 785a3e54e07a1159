"""Which way to show events, chosen once; and that showing never disturbs what is shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from fairlead.cli.session import ReaderGone, Session, as_json, say, tell
from fairlead.rollout.events import Emit, Event
from fairlead.system import clock

if TYPE_CHECKING:
    from types import TracebackType

QUIET = frozenset({"watch", "pulse"})  #: too many for lines that stay
ENDS = frozenset({"done", "failed", "waiting", "undo"})  #: of a step


class Show(Protocol):
    """One way to show events."""

    live: bool  #: it shows what changes every second too

    def __call__(self, event: Event) -> None:
        """Show one."""

    def __enter__(self) -> Show: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Verdicts:
    """Of what is said each second: what is worth a line that stays. What changed, and what was said last in a step."""

    def __init__(self) -> None:
        self._said: tuple[object, object] | None = None
        self._kept: Event | None = None  #: the newest one, not shown yet

    def worth(self, event: Event) -> tuple[Event, ...]:
        """The events to show now."""
        if event.kind == "watch":
            return self._watched(event)
        if event.kind in QUIET:
            return ()
        kept, self._kept = (self._kept, None) if event.kind in ENDS else (None, self._kept)
        self._said = None if event.kind in ENDS else self._said
        return (kept, event) if kept else (event,)

    def _watched(self, event: Event) -> tuple[Event, ...]:
        verdict = event.data.get("verdict")
        said = (verdict.get("kind"), verdict.get("cause")) if isinstance(verdict, dict) else None
        if said is None or said == self._said:
            self._kept = event
            return ()
        self._said, self._kept = said, None
        return (event,)


class Lines:
    """Plain lines on stderr."""

    live = False

    def __init__(self) -> None:
        self._steps = 0
        self._verdicts = Verdicts()

    def __call__(self, event: Event) -> None:
        if event.kind == "plan":
            steps = event.data.get("steps")
            self._steps = len(steps) if isinstance(steps, list) else 0
        for one in self._verdicts.worth(event):
            tell(f"{clock.now().astimezone():%H:%M:%S} {self._text(one)}")

    def _text(self, event: Event) -> str:
        if event.kind == "watch":
            return f"verdict: {event.text}"
        if event.kind == "step":
            return f"step {str(event.data.get('step', '')).partition(':')[0]}/{self._steps}: {event.text}"
        if event.kind == "done":
            return f"done in {event.data.get('seconds', 0)} s: {event.text}"
        return f"{event.kind}: {event.text}"

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class JsonLines(Lines):
    """A document per event on stdout."""

    def __call__(self, event: Event) -> None:
        document = {"time": clock.stamp(), "kind": event.kind, "text": event.text, "data": event.data}
        say(as_json(document))


@contextmanager
def showing(session: Session, title: str) -> Iterator[tuple[Emit, bool]]:
    """Where events go during the block, and whether that is live."""
    with _chosen(session, title) as show:
        yield undisturbed(show), show.live


def _chosen(session: Session, title: str) -> Show:
    if session.shows is not None:
        return session.shows(title)
    if session.json:
        return JsonLines()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from fairlead.cli.progress.live import Live  # noqa: PLC0415 — brings rich, 60 ms

        return Live(title)
    return Lines()


def undisturbed(show: Emit) -> Emit:
    """A reader that goes away (`| head`, a closed terminal) must not look like a failed deployment."""
    broken: list[bool] = []

    def emit(event: Event) -> None:
        if not broken:
            with suppress(OSError, ReaderGone):
                show(event)
                return
            broken.append(True)

    return emit
