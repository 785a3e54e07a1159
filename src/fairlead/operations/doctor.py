"""Doctor: would it work? Asked before every deployment, so that it fails before anything was touched."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.errors import Refused
from fairlead.operations.backups import gate, quiet, waiting
from fairlead.operations.check import Check
from fairlead.operations.checks import (
    certificates,
    connections,
    docker,
    environment,
    folders,
    limits,
    machine,
    migrations,
    notify,
    poolers,
    project,
    secrets,
    sessions,
    startup,
    stores,
    templates,
)
from fairlead.operations.environment import inherited
from fairlead.operations.secrets.supply import Supply
from fairlead.project.project import Project
from fairlead.system.home import Place, home

__all__ = ["Check", "examine", "require"]


def examine(wanted: Project, name: str, thorough: bool = False) -> tuple[Check, ...]:
    """Every check for environment `name` of the project. `thorough` verifies the whole ledger too."""
    stack, place = wanted.stack(name), Place.of(wanted.name, name)
    supply = Supply(stack, wanted.root, place)
    return (
        *project.examine(stack, wanted.root, inherited().get("PATH", "")),
        *connections.examine(stack),
        *limits.examine(stack),
        *stores.examine(stack, place),
        *folders.examine(stack, place),
        *migrations.examine(stack, wanted.root),
        *gate.examine(stack, wanted.root, place),
        *waiting.examine(stack, place),
        *quiet.examine(place),
        *machine.examine(home()),
        *environment.examine(stack, place, thorough),
        *docker.examine(stack, place, thorough),
        *secrets.examine(supply),
        *certificates.examine(supply),
        *_images(supply),
        *templates.examine(stack, wanted.root),
        *notify.examine(stack, place, supply.environ()),
        *(startup.examine() if thorough else ()),
        *(poolers.examine(stack, wanted.root) if thorough else ()),
        *(sessions.examine(stack, wanted.root) if thorough else ()),
    )


def _images(supply: Supply) -> tuple[Check, ...]:
    if supply.stack.runtime == "process":
        return ()
    from fairlead.operations.checks import images  # noqa: PLC0415 — only where there is an engine

    return tuple(images.examine(supply))


def require(checks: tuple[Check, ...], say: Callable[[str, str], object]) -> None:
    """Refused, with every failed check, when there is one; what is only a warning is said as a note."""
    for check in checks:
        if check.result == "warning":
            say("note", f"{check.name}: {check.text}" + (f"; {check.hint}" if check.hint else ""))
    failed = [check for check in checks if check.result == "failed"]
    if failed:
        lines = "\n".join(f"  {check.name}: {check.text}" for check in failed)
        hints = "; ".join(dict.fromkeys(check.hint for check in failed if check.hint))
        raise Refused(f"the doctor says no:\n{lines}", hints or None)
