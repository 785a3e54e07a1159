"""A sandbox as the demo has it, whose commands are processes that fork (`tests.warm`)."""

import os
import sys
from pathlib import Path

from fairlead.demo import sandbox
from fairlead.system.commands import Command, Outcome
from tests import warm

FAIRLEAD = Path(sys.executable).with_name("fairlead")


class Sandbox(sandbox.Sandbox):
    """As the other; what a command says is read at its end."""

    def fairlead(self, *arguments):
        env = {**os.environ, "FAIRLEAD_HOME": str(self.home), "NO_COLOR": "1"}
        argv = [FAIRLEAD, *arguments]
        try:
            done = warm.as_text(warm.fairlead.run(argv, cwd=self.project, env=env, timeout=900))
        finally:
            self._note_started()
        return Outcome(Command(tuple(map(str, argv))), done.returncode, done.stdout + done.stderr, 0.0)
