"""End what a killed build left running.

The commands of a build live in their own sessions, so they outlive a deployer that is killed with SIGKILL and would go
on writing into the folder the next build uses. Their environment carries the folder's name, and every process they
start inherits it: that is how they are known, wherever they work and whoever their parent is now.
"""

from __future__ import annotations

from pathlib import Path

from fairlead.system import processes

MARK = "FAIRLEAD_BUILD"  #: environment variable of every command of a build; its value is the folder


def end_orphans(folder: Path) -> int:
    """Kill every process that builds in `folder` and wait until it is gone. Call it with the build's lock held."""
    found = [processes.look(pid) for pid in processes.with_environment([f"{MARK}={folder}"])]
    builders = [process for process in found if process]
    processes.kill(tuple(process.pid for process in builders))
    for process in builders:
        processes.wait_exit(process, 5.0)
    return len(builders)
