"""A restore that is killed at one of its steps."""

import signal
import subprocess
import sys

KILLED = """
import os, signal, sys
from pathlib import Path
from fairlead.backups import restoring
from fairlead.backups.spot import Spot
from fairlead.operations.backups import swapping
from fairlead.stores.docker import DockerStores
from fairlead.stores.process import ProcessStores
wanted, sign, seen = int(sys.argv[1]), int(sys.argv[3]), [0]

def step():
    seen[0] += 1
    if seen[0] == wanted:
        os.kill(os.getpid(), sign)

def killed(owner, name):
    was = getattr(owner, name)
    def act(*args, **more):
        step()
        found = was(*args, **more)
        step()
        return found
    setattr(owner, name, act)

for owner, names in ((swapping, ("write", "forget")), (restoring, ("swap",)), (Spot, ("swap",)),
                     (ProcessStores, ("stop", "start")), (DockerStores, ("stop", "start"))):
    for name in names:
        killed(owner, name)
from fairlead.__main__ import main
sys.argv = ["fairlead", "backup", "restore", "local", sys.argv[2], "--yes"]
try:
    main()
finally:
    Path("steps").write_text(str(seen[0]))
"""


INTERRUPTED = 130  #: how a command ends that a person does not wait for


def restored_until(site, step, which="latest", sign=signal.SIGKILL):
    """A restore that is killed at that step, or is sent that signal; whether it came so far."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(step), which, str(int(sign))], cwd=site.root, env=site.env,
                          check=False, capture_output=True)  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL, INTERRUPTED), done.stderr.decode()
    return done.returncode != 0
