"""Which files of a source changed, by looking: works on every file system, and counts what a release counts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.artifacts.source import walk

SOONEST = 0.3  #: seconds between two looks
SHARE = 10  #: a look may take one part in so many of the time


@dataclass
class Watch:
    """The files below one source folder."""

    root: Path
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    _due: float = 0.0  #: monotonic seconds

    def __post_init__(self) -> None:
        self._seen = self._look()

    def changed(self) -> tuple[str, ...]:
        """Paths, relative to the root, that came, went or changed since the last look; none when it is too soon."""
        if time.monotonic() < self._due:
            return ()
        now = self._look()
        before, self._seen = self._seen, now
        paths = [path for path in before.keys() | now.keys() if before.get(path) != now.get(path)]
        return tuple(sorted(path[len(str(self.root)) + 1 :] for path in paths))

    def _look(self) -> dict[str, tuple[int, int]]:
        begun = time.monotonic()
        found = {path: facts for path in walk(self.root) if (facts := _facts(path))}
        now = time.monotonic()
        self._due = now + max(SOONEST, SHARE * (now - begun))
        return found


def _facts(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).lstat()
    except OSError:  # gone between listing and looking
        return None
    return found.st_mtime_ns, found.st_size
