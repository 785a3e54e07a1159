"""What a container says, as the engine keeps it: each line has a time, by which a follower knows its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from fairlead.engine.engine import Engine
from fairlead.engine.owner import PREFIX, Kind, Owner, label
from fairlead.system.home import Place

KINDS: tuple[Kind, ...] = ("instance", "job")
SLACK = 0.001  #: seconds asked for again, as the engine reads the time less exactly than it writes it


@dataclass
class ContainerLog:
    """The log of one instance while it is read. Another container of the same name goes on where this one ended."""

    engine: Engine
    name: str
    last_time: str = ""  #: of the last line that was read
    at_that_time: list[str] = field(default_factory=list)  #: the lines that have it

    def last(self, lines: int) -> list[str]:
        """The last lines; `news` goes on behind them."""
        seen = self._noted(self.engine.stamped_log(self.name, lines=max(lines, 1)))
        return [text for _, text in seen[len(seen) - lines :]] if lines else []

    def all_since(self, moment: datetime) -> list[str]:
        """What was said from then on; `news` goes on behind it."""
        utc = moment.astimezone(UTC)
        self.last_time = f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond:06d}000Z"  # whatever has an earlier one is left out
        return self.news()

    def news(self) -> list[str]:
        """What was said since."""
        return [text for _, text in self._noted(self.engine.stamped_log(self.name, since=self._since()))]

    def _since(self) -> float | None:
        if not self.last_time:
            return None
        return datetime.fromisoformat(self.last_time[:26] + "+00:00").timestamp() - SLACK

    def _noted(self, seen: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those that were not read yet."""
        again = list(self.at_that_time)
        fresh = []
        for time, text in seen:
            if time < self.last_time or (time == self.last_time and again and again.pop(0) == text):
                continue
            if time != self.last_time:
                self.last_time, self.at_that_time, again = time, [], []
            self.at_that_time.append(text)
            fresh.append((time, text))
        return fresh


def container_logs(place: Place, engine: Engine | None = None) -> dict[str, ContainerLog]:
    """The log of every instance and job there is, by id, the one that was started last at the end."""
    engine, owner = engine or Engine(), Owner.of(place)
    kinds = [(f"{PREFIX}kind", kind) for kind in KINDS]
    found = sorted(engine.containers(owner.labels(), kinds), key=lambda one: one.started)
    return {label(one.labels, "id"): ContainerLog(engine, one.name) for one in found}
