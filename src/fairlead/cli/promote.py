"""`fairlead promote`: deploy what is live elsewhere."""

from __future__ import annotations

from fairlead.cli.session import Session
from fairlead.cli.verb import environment, verb, wait_option, yes_option


@verb("fairlead promote staging production", name="promote", stream=True)
@environment(name="from")
@environment(name="to")
@yes_option
@wait_option
def command(session: Session, wait: float, yes: bool, **environments: str) -> None:
    """Deploy to TO the artifacts that are live in FROM, with TO's own configuration. Nothing is built."""
    from fairlead.cli.outcome import carried  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.promote import promote  # noqa: PLC0415
    from fairlead.system.home import Place  # noqa: PLC0415

    project = session.project()
    source, target = environments["from"], environments["to"]
    project.stack(source)
    place, stack = Place.of(project.name, target), project.stack(target)
    with carried(session, f"promoting {source} to {target}", place, stack.runtime) as run:
        run(lambda emit: promote(project, source, target, wait, emit))
