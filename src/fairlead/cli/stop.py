"""`fairlead stop`."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead.rollout.events import Event
from fairlead.system.home import Place


def show(event: Event) -> None:
    click.echo(f"{event.kind}: {event.text}")


@click.command("stop")
@click.argument("environment")
def command(environment: str) -> None:
    """stop"""
    from fairlead.project.loader import load_project, peek

    name, _ = peek(Path("fairlead.yaml"))
    place = Place.of(name, environment)
    from fairlead.operations.up import stop

    stop(place, emit=show)
