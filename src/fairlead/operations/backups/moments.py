"""When something was restored, as the names of what it brings and puts aside say it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from fairlead.system import clock


def moment(names: Collection[str]) -> str:
    """Now, as `20261127T031500`, or the next second that none of these names ends with.

    Two restores may begin within one second, and a clock may be set back: what the first put aside is not mixed with
    what the second does.
    """
    at = clock.now()
    while any(name.endswith(f"{at:%Y%m%dT%H%M%S}") for name in names):
        at += timedelta(seconds=1)
    return f"{at:%Y%m%dT%H%M%S}"
