"""Whether the Fairlead that runs is still the one that is installed.

A keeper loads much of itself only when it is needed. After an upgrade that would be modules of the new version into a
process of the old one, which fails sooner or later, and again each time.
"""

from __future__ import annotations

from pathlib import Path

import fairlead


class Installed:
    """What was installed when this was made."""

    def __init__(self) -> None:
        self._file = Path(fairlead.__file__)
        self._seen = self._look()

    def changed(self) -> bool:
        """Whether another one was installed since; one that is taken away, as in the middle of an upgrade, is none."""
        return self._look() not in (None, self._seen)

    def _look(self) -> tuple[int, int] | None:
        try:
            facts = self._file.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_ino
