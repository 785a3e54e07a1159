"""A copy of files that is killed while the service stands still that writes them."""

import signal
import subprocess
import sys

KILLED = """
import os, signal, sys
from fairlead.operations.backups import engines

def checked(read, check):
    def reading(spot, told):
        for piece in read(spot, told):
            os.kill(os.getpid(), signal.SIGKILL)
            yield piece
    return reading

engines.checked = checked
from fairlead.__main__ import main
sys.argv = ["fairlead", "backup", "now", "local", "uploads"]
main()
"""


def copy_killed(site):
    """One, right after the first bytes were read."""
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=site.root, env=site.env, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stdout.decode() + done.stderr.decode()
