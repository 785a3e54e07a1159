"""ps(1) of macOS, strict: it answers what Fairlead asks it, in the form of macOS, and refuses anything else.

It reads the kernel's /proc where only it looks for it: who asks has none. It is asked all the time, so it imports
nothing that takes time.
"""

import os
import sys
import time

PROC = os.environ["HIDDEN_PROC"]


def read(path):
    with open(f"{PROC}/{path}", "rb") as file:
        return file.read().decode(errors="replace")


def fields(pid):
    """What the kernel says of a process, from its state on."""
    return read(f"{pid}/stat").rpartition(")")[2].split()


def started(found):
    """When, to the second: macOS says it no finer."""
    boot = next(line for line in read("stat").splitlines() if line.startswith("btime"))
    return time.ctime(int(boot.split()[1]) + int(found[19]) / os.sysconf("SC_CLK_TCK"))


def words(pid, name):
    """Its arguments or its environment, with blanks between."""
    return read(f"{pid}/{name}").rstrip("\0").replace("\0", " ")


def each(line):
    """A line for each process that has not ended meanwhile."""
    for name in os.listdir(PROC):
        try:
            if name.isdigit():
                yield line(int(name))
        except OSError:
            continue


def answer(argv):
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
