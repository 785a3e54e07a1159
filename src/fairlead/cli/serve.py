"""`fairlead serve`."""

from __future__ import annotations

import click

from fairlead.system.home import Place


@click.command("serve")
@click.argument("environment")
@click.option("--project", required=True)
def command(environment: str, project: str) -> None:
    """Run the keeper of an environment."""
    from fairlead.server.keeper import serve  # noqa: PLC0415

    serve(Place.of(project, environment))
