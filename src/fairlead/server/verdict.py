"""What the keeper and its rounds tell each other, and the log."""

from __future__ import annotations

import sys
from typing import TypedDict

from fairlead.masking import concealed
from fairlead.system import clock


class Memory(TypedDict):
    """What the rounds of one fork leave for those of the next, by act: see `Housekeeping`."""

    not_before: dict[str, float]
    patience: dict[str, float]


class Verdict(TypedDict):
    """What came of rounds."""

    due: float  #: seconds until the next ones at the latest
    end: bool  #: another keeper has taken over
    memory: Memory


def say(text: str) -> None:
    """One line on stderr, which is the keeper's log, without known secrets."""
    sys.stderr.write(f"{clock.stamp()} {concealed(text)}\n")
    sys.stderr.flush()
