"""The examples as they stand, deployed with the real command; only ports and paths are changed, and where pip is.

It is the pip of the Python that runs the tests: to put one into each virtual environment costs as much as all the rest.
The quickstart's test does it as it is written.
"""

import json
import shlex
from pathlib import Path

from tests.commands import PIP
from tests.sandboxes import Sandbox

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


class Example:
    """One example in a sandbox."""

    def __init__(self, sandbox: Sandbox, name: str, port: int):
        self.sandbox = sandbox
        sandbox.copy(EXAMPLES / name, PIP | {f"http: {port}": f"http: {sandbox.port}, address: 127.0.0.1"})

    def run(self, *arguments):
        """One command with `--json`; its last document. The exit code must be 0."""
        outcome = self.sandbox.fairlead(*arguments, "--json")
        assert outcome.code == 0, outcome.output[-3000:]
        lines = [line for line in outcome.output.splitlines() if line.startswith("{") and line.endswith("}")]
        return json.loads(lines[-1] if lines else outcome.output)

    def require(self, name, version):
        """Pin another version of what the example serves. All that it needs beside is copied, not installed anew."""
        path = self.sandbox.project / "app" / "requirements.txt"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(name + "==")]
        path.write_text("\n".join([*lines, f"{name}=={version}"]) + "\n")
        [installed] = self.sandbox.place.artifacts.glob("*/*/.venv")
        copied = f'"cp -r {shlex.quote(str(installed))} .venv", "chmod -R u+w .venv"'
        self.sandbox.change({f'"${{PYTHON}} {PIP["-m venv .venv"]}"': copied})
