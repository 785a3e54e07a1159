"""The commands that bring secrets to a place that keeps copies, without a value in any of them."""

from __future__ import annotations

import shlex

from fairlead.operations.secrets.kept import declared, kept
from fairlead.project.project import Project


def github(project: Project, environment: str, repository: str | None = None, whole: bool = False) -> tuple[str, ...]:
    """One command for each secret with a value: `gh` reads it from standard input, so it stands in no command line.

    They are kept for the environment of the same name in GitHub; for the `whole` repository otherwise.
    """
    there = kept(project, environment).names()
    names = [name for name in declared(project, environment) if name in there]
    options = [] if whole else ["--env", environment]
    options += ["--repo", repository] if repository else []
    return tuple(
        f"{shlex.join(['fairlead', 'secrets', 'get', environment, name])} | "
        f"{shlex.join(['gh', 'secret', 'set', name, *options])}"
        for name in names
    )
