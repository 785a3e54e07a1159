"""How long the command takes to say anything."""

from __future__ import annotations

import subprocess
import sys
import time

import projects
from tables import Table, median

TIMES = 21


def measure() -> list[Table]:
    with projects.sandbox() as made:
        projects.write(made, 1)
        projects.run(made, "deploy", "local")
        fairlead = [sys.executable, "-I", "-m", "fairlead"]
        environment = {"FAIRLEAD_HOME": str(made.home), "PATH": "/usr/bin:/bin", "HOME": str(made.folder)}
        commands = {
            "`python -c pass`": [sys.executable, "-I", "-c", "pass"],
            "`fairlead --version`": [*fairlead, "--version"],
            "`fairlead --help`": [*fairlead, "--help"],
            "`fairlead status`": [*fairlead, "status", "local"],
            "`fairlead history`": [*fairlead, "history", "local"],
        }

        def once(argv: list[str]) -> float:
            begun = time.perf_counter()
            subprocess.run(argv, env=environment, cwd=made.project, check=True, capture_output=True)
            return time.perf_counter() - begun

        found = {name: median(lambda argv=argv: once(argv), TIMES) for name, argv in commands.items()}
    base = found["`python -c pass`"]
    wanted = {"`fairlead --version`": "≤ 150", "`fairlead status`": "≤ 400"}
    rows = [
        (name, f"{value * 1000:.0f}", f"{value / base:.1f} ×", wanted.get(name, "")) for name, value in found.items()
    ]
    return [Table("Start-up", ("command", "ms", "times `python -c pass`", "wanted"), rows, f"Median of {TIMES} runs.")]
