"""Folders and processes that others change while a test looks at them: what went in between is not there, no error."""

import contextlib
import os
from pathlib import Path


def files_below(folder):
    """Every file below a folder, links left out."""
    for inner, _, names in os.walk(folder):  # which passes by folders that go; `rglob` would raise
        yield from (path for name in names if (path := Path(inner, name)).is_file() and not path.is_symlink())


def content(path):
    """What stands in a file; nothing where it went since it was listed."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def files_with(folder, *values):
    """The files below a folder in which one of these texts stands."""
    wanted = [value.encode() for value in values]
    return [path for path in files_below(folder) if any(value in data for data in [content(path)] for value in wanted)]


def processes(name="cmdline"):
    """{PID: what `/proc/PID/NAME` says}, of all that could be read."""
    found = {}
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            with contextlib.suppress(OSError):
                found[int(pid)] = Path("/proc", pid, name).read_bytes()
    return found
