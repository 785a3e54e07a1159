"""Is it ready? N successes in a row of one and the same start, before a deadline. What a start is, its runtime says."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fairlead.project.stack import Health
from fairlead.runtimes.base import NotReady
from fairlead.runtimes.folder import InstanceFolder
from fairlead.system.http import Answer

WORKER_SETTLES = 1.5  #: seconds what answers nothing must live to count as started: more than supervisord's own


@dataclass
class Probe(ABC):
    """The readiness of one instance while it is being awaited."""

    folder: InstanceFolder
    health: Health
    port: int | None
    begun: float = field(default_factory=time.monotonic)
    due: float = 0.0  #: when the next probe may run, monotonic seconds
    streak: int = 0
    pause: float = 0.05
    said: str = "not started yet"
    mark: str = ""  #: of the start that is asked; empty: nothing runs
    since: float = 0.0  #: when this start was first seen

    @abstractmethod
    def _mark(self) -> str:
        """Of the start that runs now; empty: none does."""

    @abstractmethod
    def _asked(self) -> Answer | None:
        """What it answers now; None when it has nothing to answer with."""

    @abstractmethod
    def _elsewhere(self) -> str:
        """What may be the reason that it does not answer, to be said behind the answer; asked at the end alone."""

    @abstractmethod
    def _own(self) -> bool:
        """Whether the answers were those of this very start."""

    def ready(self) -> bool:
        """Ask once; True when the last of its N successes came. NotReady past the deadline."""
        now = time.monotonic()
        if now - self.begun > self.health.deadline:
            why = self.said + self._elsewhere()
            raise NotReady(f"{self.folder.id}: not ready within {self.health.deadline:g} s: {why}")
        if now < self.due:
            return False
        done = self._ask(now)
        self.due = time.monotonic() + (self.health.interval if self.streak else self.pause)
        self.pause = min(self.pause * 1.5, max(self.health.interval, 0.05))
        return done

    def verify(self) -> None:
        """Write down that this start is ready."""
        self.folder.verify(self.mark)

    def _ask(self, now: float) -> bool:
        if not self._same_start(now):
            return False
        answer = self._asked()
        if answer is None:
            return self.folder.verified(self.mark) or now - self.since >= WORKER_SETTLES
        self.streak = self.streak + 1 if answer.ok else 0
        if not answer.ok:
            self.said = answer.error or f"answered {answer.status}"
        return self.streak >= self._needed() and self._own()

    def _needed(self) -> int:
        """One success is enough for a start that was found ready before and still runs."""
        return 1 if self.folder.verified(self.mark) else max(1, self.health.successes)

    def _same_start(self, now: float) -> bool:
        """Successes of one that has died since do not count for the next one."""
        mark = self._mark()
        if mark != self.mark:
            self.mark, self.since, self.streak = mark, now, 0
        return mark != ""


def await_ready(probes: Sequence[Probe], dead: Callable[[str], str], progress: Callable[[str], None]) -> None:
    """Return when every probe was ready; each is written down as verified. `dead(id)` says why one gave up, or ''."""
    waiting = list(probes)
    while waiting:
        for probe in list(waiting):
            if probe.ready():
                probe.verify()
                waiting.remove(probe)
                progress(f"{probe.folder.id} is ready")
            elif reason := dead(probe.folder.id):
                raise NotReady(f"{probe.folder.id}: {reason}")
        pause = min((probe.due for probe in waiting), default=0.0) - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, 0.1))
