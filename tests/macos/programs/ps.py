"""ps(1) of macOS, strict: it answers what Fairlead asks it, in the form of macOS, and refuses anything else.

It reads the kernel's /proc where only it looks for it: who asks has none.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROC = Path(os.environ["HIDDEN_PROC"])


def fields(pid: int) -> list[str]:
    """What the kernel says of a process, from its state on."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def started(found: list[str]) -> str:
    """When, to the second: macOS says it no finer."""
    boot = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime"))
    return time.ctime(int(boot.split()[1]) + int(found[19]) / os.sysconf("SC_CLK_TCK"))


def words(pid: int, name: str) -> str:
    """Its arguments or its environment, with blanks between."""
    return (PROC / str(pid) / name).read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")


def each(line: Callable[[int], str]) -> Iterator[str]:
    """A line for each process that has not ended meanwhile."""
    for name in os.listdir(PROC):
        try:
            if name.isdigit():
                yield line(int(name))
        except OSError:
            continue


def answer(argv: list[str]) -> Iterator[str]:
    """Lines; OSError when the process is gone."""
    match argv:
        case ["-o", "stat=,lstart=", "-p", pid]:
            found = fields(int(pid))
            yield f"{found[0]}+   {started(found)}    "
        case ["-o", "command=", "-p", pid]:
            yield words(int(pid), "cmdline")
        case ["-ax", "-o", "pid=,pgid="]:
            yield from each(lambda pid: f"{pid:5d} {fields(pid)[2]:>5}")
        case ["-Eww", "-axo", "pid=,command="]:
            yield from each(lambda pid: f"{pid:5d} {words(pid, 'cmdline')} {words(pid, 'environ')}")
        case _:
            sys.exit(f"ps: nobody knows whether macOS answers {argv}")


try:
    print("\n".join(answer(sys.argv[1:])))
except OSError:
    sys.exit(1)
