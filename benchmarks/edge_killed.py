"""How long users get no answer after an edge's container was killed, with the keeper that brings it back.

    python benchmarks/edge_killed.py [TIMES]

Each of door and Traefik, by the kernel and by `docker kill`, so many times. Prints the gaps in seconds, sorted, and how
many processes waited for a core (the load of the last minute) at the beginning and at the end.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.remove(str(Path(__file__).parent))  # others in it have names of packages
sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.crash.arena import Arena
from tests.docker_engine import DockerEngine, unique

from fairlead.system import http

EVERY = 0.02  #: seconds between two requests
REST = 11.0  #: seconds between two kills: what ran for less than ten the engine starts ever later, by its own rule
WELL = 2.5  #: seconds without a failure after which it is back for good


def pid_of(engine: DockerEngine, name: str) -> int:
    return int(engine.inspect(name)["State"]["Pid"])


def gap(arena: Arena, kill: object) -> float:
    """Seconds from the kill to the last failure before it was back for good."""
    begun = time.monotonic()
    kill()  # type: ignore[operator]
    failed = well = begun
    while well - failed < WELL and time.monotonic() - begun < 60:
        answer = http.get(arena.port, "/health", 1.0)
        well = time.monotonic()
        if answer.status != 200:
            failed = well
        time.sleep(EVERY)
    return failed - begun


def measured(arena: Arena, engine: DockerEngine, short: str, by: str, times: int) -> list[float]:
    name, gaps = f"{arena.name}-local-{short}", []
    for _ in range(times):
        pid = pid_of(engine, name)
        kill = (lambda: engine("kill", name)) if by == "docker kill" else lambda pid=pid: os.kill(pid, signal.SIGKILL)
        gaps.append(gap(arena, kill))
        arena.whole()
        time.sleep(REST)
    return sorted(gaps)


def main() -> None:
    times, engine, folder = int((*sys.argv, "20")[1]), DockerEngine(), Path(tempfile.mkdtemp(prefix="fl-edge-"))
    arena = Arena(folder, name=unique("killed"), runtime="docker")
    try:
        code, _, said = arena.run("deploy", "blue-green")
        assert code == 0, said
        for short in ("edge-traefik", "edge"):
            for by in ("kernel", "docker kill"):
                load = os.getloadavg()[0]
                gaps = measured(arena, engine, short, by, times)
                shown = " ".join(f"{one:.2f}" for one in gaps)
                print(f"{short} {by} (load {load:.1f} to {os.getloadavg()[0]:.1f}):", shown, flush=True)
    finally:
        arena.close()
        engine.remove(arena.name)
        subprocess.run(["rm", "-rf", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
