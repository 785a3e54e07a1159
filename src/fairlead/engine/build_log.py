"""What a build says, read: which step runs, and which one failed with what. Pure.

The classic builder says `Step 2/5 : RUN make`, then what the step writes. BuildKit (`--progress plain`) puts the number
of a step before each line, because steps run side by side: `#7 [build 2/5] RUN make`, `#7 0.31 gcc …`, `#7 ERROR: …`.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

LAST = 20  #: lines of a step that are kept for the message

_CLASSIC = re.compile(r"Step (\d+/\d+) : (.*)")
_KIT = re.compile(r"#(\d+) (.*)")
_KIT_STEP = re.compile(r"\[[^\]]+\] .*")
_KIT_NOISE = re.compile(r"(DONE|CACHED|sha256:|extracting|transferring|resolve) ?.*|\d+\.\d+ *$")
_KIT_TIME = re.compile(r"^\d+\.\d+ ")
_BARE_ERROR = re.compile(r"(?:ERROR: |error: )?failed to solve[^:]*: (?:failed to create LLB definition: )?(.*)")
_NOISE = re.compile(r"#\d+ sha256:[0-9a-f]+$| ---> |Removing intermediate container |------$| > \[|-{20}")


def is_noise(line: str) -> bool:
    """Whether a line is nothing for a person."""
    return not line.strip() or _NOISE.match(line) is not None


@dataclass
class BuildLog:
    """The lines so far, of either builder."""

    step: str = ""  #: the one that runs, or failed
    error: str = ""  #: why it failed, as the builder says
    _steps: dict[str, str] = field(default_factory=dict)
    _said: dict[str, deque[str]] = field(default_factory=dict)
    _failed: str = ""
    _now: str = ""

    def add(self, line: str) -> None:
        """Take a line."""
        line = line.rstrip()
        if found := _CLASSIC.fullmatch(line):
            self._begin(found[1], f"{found[1]} {found[2]}")
        elif found := _KIT.fullmatch(line):
            self._kit(found[1], found[2])
        elif found := _BARE_ERROR.match(line):
            self.error = self.error or found[1]
        elif not self._now.startswith("#") and not is_noise(line):
            self._keep(self._now, line)

    def fail(self, why: str) -> None:
        """The builder's last word; that of a step itself says more."""
        self.error = self.error or why

    def last_lines(self) -> list[str]:
        """What the failed step wrote last, or the one that ran last."""
        return [line for line in self._said.get(self._failed or self._now, ()) if line]

    def _begin(self, key: str, text: str) -> None:
        self._steps[key], self._now = text, key
        if not key.startswith("#"):  # of BuildKit's, which run side by side, the one that says that it failed
            self.step = text

    def _kit(self, number: str, said: str) -> None:
        key = f"#{number}"
        if key not in self._steps and _KIT_STEP.match(said):
            self._begin(key, said)
        elif said.startswith("ERROR: ") and not self._failed:
            self._failed, self.error = key, said.removeprefix("ERROR: ")
            self.step = self._steps.get(key, "")
        elif not _KIT_NOISE.match(said):
            self._keep(key, _KIT_TIME.sub("", said))

    def _keep(self, key: str, line: str) -> None:
        self._said.setdefault(key, deque(maxlen=LAST)).append(line)
