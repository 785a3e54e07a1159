"""Run the tests that the project declares, all of them, each to its end."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.artifacts.prepare import base_python
from fairlead.errors import UsageError
from fairlead.project.placeholders import expand
from fairlead.project.project import Project
from fairlead.system.commands import Command, run

OnStart = Callable[[str], None]
OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tested:
    """One command line and what came of it."""

    command: str
    ok: bool
    code: int
    seconds: float
    output: str


def run_tests(project: Project, environment: str | None, begun: OnStart, on_line: OnLine) -> tuple[Tested, ...]:
    """Run them one after the other in the project's folder; a failure does not keep the next from running.

    `environment`: whose tests, where environments differ; None for the first. UsageError when none are declared.
    """
    stack = project.stack(environment or project.environments[0])
    if not stack.tests:
        raise UsageError(f"{project.file} declares no tests", 'add for example: tests: ["${PYTHON} -m pytest -q"]')
    programs = {"PYTHON": base_python(), "FAIRLEAD": sys.executable}
    values = {**stack.variables, **programs, "PROJECT": project.name}
    return tuple(_run(line, values, project, begun, on_line) for line in stack.tests)


def _run(line: str, values: dict[str, str], project: Project, begun: OnStart, on_line: OnLine) -> Tested:
    begun(line)
    argv = tuple(expand(word, values) for word in shlex.split(line))
    outcome = run(Command(argv, cwd=project.root, env=dict(os.environ)), on_line)
    if outcome.code == 127 and not outcome.seconds:
        on_line(outcome.output)
    return Tested(line, bool(outcome), outcome.code, round(outcome.seconds, 3), outcome.output)
