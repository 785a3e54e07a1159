"""The examples as they stand, deployed with the real command; only ports and paths are changed."""

import json
from pathlib import Path

from fairlead.demo.sandbox import Sandbox

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


class Example:
    """One example in a sandbox."""

    def __init__(self, sandbox: Sandbox, name: str, port: int):
        self.sandbox = sandbox
        sandbox.copy(EXAMPLES / name, {f"http: {port}": f"http: {sandbox.port}, address: 127.0.0.1"})

    def run(self, *arguments):
        """One command with `--json`; its last document. The exit code must be 0."""
        outcome = self.sandbox.fairlead(*arguments, "--json")
        assert outcome.code == 0, outcome.output[-3000:]
        lines = [line for line in outcome.output.splitlines() if line.startswith("{") and line.endswith("}")]
        return json.loads(lines[-1] if lines else outcome.output)

    def require(self, name, version):
        """Pin another version of what the example serves."""
        path = self.sandbox.project / "app" / "requirements.txt"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(name + "==")]
        path.write_text("\n".join([*lines, f"{name}=={version}"]) + "\n")
