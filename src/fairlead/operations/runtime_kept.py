"""Which runtime an environment has, known before anything of it is live."""

from __future__ import annotations

from fairlead.project.stack import RuntimeName
from fairlead.runtimes.table import RUNTIMES
from fairlead.system.files import write_file
from fairlead.system.home import Place


def kept_runtime(place: Place) -> RuntimeName:
    """The runtime an environment was last deployed with, whether or not anything became live."""
    text = place.runtime.read_text().strip() if place.runtime.exists() else ""
    return next((name for name in RUNTIMES if name == text), "process")


def keep_runtime(place: Place, runtime: RuntimeName) -> None:
    """Write it down."""
    if kept_runtime(place) != runtime:
        write_file(place.runtime, runtime, 0o600)
