"""Check: whether what is deployed here is there after a reboot."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.operations.check import Check, ok, warning
from fairlead.operations.startup import INSTALL, missing, systemd


def examine() -> Iterator[Check]:
    """Nothing where systemd does not run the machine: what does is not known."""
    if missing():
        yield warning("startup", "nobody brings environments back when this machine starts", INSTALL)
    elif systemd():
        yield ok("startup", "a unit of systemd brings environments back when this machine starts")
