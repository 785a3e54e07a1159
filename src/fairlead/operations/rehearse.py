"""`db rehearse`: what is pending, run on copies: files by us, and the commands of other tools."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.operations.db.chosen import chosen, database_of, declared
from fairlead.operations.db.plan import Asked
from fairlead.operations.trials.copies import Source
from fairlead.operations.trials.prove import Say
from fairlead.operations.trials.rehearse import live_queries, note
from fairlead.operations.trials.rehearse import rehearse as rehearse_files
from fairlead.postgres.rehearsal import Rehearsal
from fairlead.project.project import Project
from fairlead.project.stack import Migrations, Store
from fairlead.system.home import Place


def rehearse(
    project: Project, environment: str, names: Sequence[str], asked: Asked | None = None, source: Source = "live",
    say: Say = lambda _: None,
) -> tuple[Rehearsal, ...]:  # fmt: skip
    """Of each of these databases, or of all that have migrations; what came of it is kept.

    FairleadError when there can be no copy, or files do not agree; UsageError for a name that there is not.
    """
    stack, root = project.outline(environment), project.root
    found = []
    for store, one in declared(stack, names):
        if one.migrator:
            found.append(_by_tool(project, environment, store, one, source, say))
        else:
            (database,) = chosen(stack, root, (f"{store.name}.{one.database}",))
            found.append(rehearse_files(stack, root, database, asked or Asked(), source, say))
    note(Place.of(stack.project, stack.environment), found)
    return tuple(found)


def _by_tool(
    project: Project, environment: str, store: Store, one: Migrations, source: Source, say: Say
) -> Rehearsal:  # fmt: skip
    from fairlead.operations.migrator_trial import rehearse_migrator  # noqa: PLC0415 — only where there is one

    stack = project.stack(environment)
    database = database_of(stack, project.root, store, one, project.root)
    return rehearse_migrator(project, stack, store, one, source, live_queries(stack, project.root, database), say)
