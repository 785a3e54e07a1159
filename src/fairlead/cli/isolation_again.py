"""What commands that move or restore schemas say of isolation afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.cli.session import Session, tell, yellow


def look_again(session: Session, environment: str, why: str, names: Sequence[str]) -> None:
    """At the isolation of these databases, by the catalogue; what must not be is told."""
    from fairlead.operations.db.isolation_again import look  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    for text in look(project.outline(environment), project.root, why, names) if names else ():
        tell(f"{yellow('!')} {text}")
