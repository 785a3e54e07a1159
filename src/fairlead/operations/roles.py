"""`db roles`: roles, rights and policies of databases as they are declared."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.operations.db import rights
from fairlead.operations.db.rights import Mended, targets
from fairlead.operations.environment import LOCK_PATIENCE, opened
from fairlead.project.project import Project
from fairlead.rollout.events import Emit, silent
from fairlead.system.home import Place


def planned(project: Project, name: str, databases: Sequence[str]) -> tuple[Mended, ...]:
    """What differs. Nothing is changed."""
    return rights.planned(targets(project.stack(name), project.root, databases))


def mend(
    project: Project, name: str, databases: Sequence[str], wait: float = LOCK_PATIENCE, emit: Emit = silent
) -> tuple[Mended, ...]:
    """Have them so; what was done. Busy, Refused, or what the server says."""
    stack, place = project.stack(name), Place.of(project.name, name)
    targets(stack, project.root, databases)  # what is refused is refused before anything is made
    with opened(place, stack.runtime, emit) as environment, environment.held(f"fairlead db roles {name}", wait):
        return rights.mend(targets(stack, project.root, databases))
