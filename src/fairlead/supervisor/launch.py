"""What supervisord starts for every program: sets up log, environment and folder, then becomes the program (exec).

Run as a file with `python -I -S`, standard library only: it must start fast and import nothing of Fairlead.
The log is opened here, not by supervisord: a program that writes through supervisord's pipe dies with it.
Each start leaves `PID START` in the starts file, so that others can tell this very process from a later one.
A disk that is full must not keep a service from starting, so nothing written here is allowed to fail it.
"""

import json
import os
import sys


def mark() -> str:
    """The kernel's start time of this process; `-` where it does not say."""
    try:
        with open("/proc/self/stat") as file:
            return file.read().rpartition(")")[2].split()[19]
    except OSError:
        return "-"


def append(path: str, line: str) -> None:
    """Add a line; a full disk is no reason not to start."""
    try:
        with open(path, "a") as file:
            file.write(line + "\n")
    except OSError:
        pass


def redirect(path: str) -> None:
    """Send stdout and stderr to the log (append mode, so that a rotation by truncation is safe)."""
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def main() -> None:
    """Become the program that the spec file describes."""
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    redirect(spec["log"])
    append(spec["starts"], f"{os.getpid()} {mark()}")
    try:
        os.chdir(spec["cwd"])
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606 — argv, no shell
    except OSError as error:
        why = f"fairlead: {spec['argv'][0]} could not be started in {spec['cwd']}: {error.strerror}\n"
        os.write(1, why.encode())
        sys.exit(127)


if __name__ == "__main__":
    main()
