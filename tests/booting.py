"""A machine that starts anew, as far as that can be had: all processes of a home are gone, and its unit is run."""

import os
import shlex
import signal
import subprocess

from tests.living import processes


def processes_of(home):
    """Those that were started from this home: by what they were called with, were told, or the folder they are in."""
    said, told, mark = processes(), processes("environ"), str(home).encode()
    return {
        pid for pid in said if mark in said[pid] or mark in told.get(pid, b"") or _folder(pid).startswith(str(home))
    }


def _folder(pid):
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def end_all(home):
    """As when the power is gone: none of them has a moment."""
    while found := processes_of(home) - {os.getpid()}:
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def started(unit):
    """(ARGV, ENVIRONMENT) of what systemd would start, and nothing else in either."""
    (command,) = _values(unit, "ExecStart")
    env = dict(shlex.split(line)[0].split("=", 1) for line in _values(unit, "Environment"))
    return shlex.split(command), env


def boot(unit, *more):
    """Run what the unit says, as systemd would: with nothing of this process' environment but who it is."""
    argv, env = started(unit)
    who = {name: os.environ[name] for name in ("HOME", "USER", "LOGNAME") if name in os.environ}
    return subprocess.run(
        [*argv, *more], cwd="/", env=who | env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip


def _values(unit, key):
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{key}=")]
