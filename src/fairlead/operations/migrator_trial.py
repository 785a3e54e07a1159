"""The command of another tool, rehearsed by hand: with the artifact that a deployment would have now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairlead.artifacts import Release, describe_origin
from fairlead.operations.build import build
from fairlead.operations.environment import machine_facts, opened
from fairlead.operations.secrets.supply import Supply
from fairlead.operations.trials.copies import Source
from fairlead.operations.trials.tool import Say, Tool, rehearse_tool
from fairlead.postgres.rehearsal import Rehearsal
from fairlead.project.project import Project
from fairlead.project.stack import Migrations, Stack, Store
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.operations.trials.rehearse import Asking


def rehearse_migrator(
    project: Project, stack: Stack, store: Store, declared: Migrations, source: Source, live: Asking, say: Say
) -> Rehearsal:
    """Of one database. FairleadError when there can be no copy, or the artifact cannot be made."""
    place = Place.of(stack.project, stack.environment)
    with opened(place, stack.runtime) as environment:
        made = build(environment, Supply(stack, project.root, place))
        release = Release.of(
            stack, made.artifacts, describe_origin(project.root), machine=machine_facts(project.root),
            images=made.images,
        )  # fmt: skip
        tool = Tool(release, store, declared, project.root, environment.world.machine(release))
        return rehearse_tool(tool, source, live, say)
