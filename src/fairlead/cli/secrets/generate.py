"""`fairlead secrets generate`."""

from __future__ import annotations

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, green
from fairlead.cli.verb import environment, verb


@verb("fairlead secrets generate production", name="generate", short=VERBS["generate"])
@environment()
def command(session: Session, environment: str) -> None:
    """Make the secrets of ENV that have `generate` in the project file and no value yet. What has one keeps it."""
    from fairlead.operations.secrets.ensure import ensure  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.secrets.kept import kept  # noqa: PLC0415

    project = session.project()
    made = ensure(project.outline(environment), kept(project, environment))
    text = f"{green('✓')} made {', '.join(made)}" if made else "nothing is missing that Fairlead makes"
    session.answer({"environment": environment, "generated": list(made)}, text)
