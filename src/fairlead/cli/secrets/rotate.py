"""`fairlead secrets rotate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.secrets import VERBS, given
from fairlead.cli.session import Session, green, tell, yellow
from fairlead.cli.text import duration
from fairlead.cli.verb import environment, message_option, verb, wait_option

if TYPE_CHECKING:
    from fairlead.masking import Secret
    from fairlead.operations.rotation.rotate import Options, Rotated
    from fairlead.project.project import Project


@verb(
    "fairlead secrets rotate production SESSION_KEY",
    "fairlead secrets rotate production SESSION_KEY --plan",
    "fairlead secrets rotate production TOKEN_KEY --no-wait",
    "pass show smtp | fairlead secrets rotate production SMTP_PASSWORD",
    name="rotate", short=VERBS["rotate"], stream=True,
)  # fmt: skip
@environment()
@click.argument("name", metavar="NAME")
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--no-wait", "leave", is_flag=True, help="Leave it to the keeper to go on when a time has passed.")
@click.option("--emergency", is_flag=True, help="Others know the old value: wait for nobody, and say what that breaks.")
@click.option("--from", "source", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
              help="Read the new value from a file (-: standard input) instead of having it made.")  # fmt: skip
@message_option
@wait_option
def command(session: Session, environment: str, name: str, only_plan: bool, **said: Any) -> None:
    """Give NAME another value in ENV while it is in use: nobody's request or login is refused.

    What has to accept it accepts both values before services use the new one, and refuses the old one when nobody can
    hold it any more. Until services use the new value everything can be taken back. The new value is made, or, for
    what Fairlead does not make, asked for or read from standard input.
    """
    from fairlead.operations.rotation.rotate import Options  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    if only_plan:
        _show_plan(session, project, environment, name)
        return
    value = session.handed or _value(project, environment, name, said["source"])
    options = Options(said["wait"], not said["leave"], said["emergency"], said["message"], value)
    _carry_out(session, project, environment, name, options)


def _show_plan(session: Session, project: Project, environment: str, name: str) -> None:
    from fairlead.operations.rotation.rotate import preview  # noqa: PLC0415

    steps = preview(project, environment, name)
    rows = [{"id": step.id, "text": step.shown(), **step.to_data()} for step in steps]
    text = "\n".join(f"{step.number:3d}  {step.shown()}" for step in steps)
    session.answer({"kind": "plan", "environment": environment, "secret": name, "steps": rows}, text)


def _value(project: Project, environment: str, name: str, source: Path | None) -> Secret | None:
    """What was given; None where it is to be made."""
    from fairlead.masking import Secret  # noqa: PLC0415
    from fairlead.operations.rotation.rotate import spec_of  # noqa: PLC0415

    made = spec_of(project.stack(environment), name).generate is not None
    if source is None and (made or (not sys.stdin.isatty() and sys.stdin.closed)):
        return None
    return Secret(given.value(name, source))


def _carry_out(session: Session, project: Project, environment: str, name: str, options: Options) -> None:
    from fairlead.cli.outcome import shown  # noqa: PLC0415
    from fairlead.operations.rotation.rotate import rotate  # noqa: PLC0415
    from fairlead.system.home import Place  # noqa: PLC0415

    place, runtime = Place.of(project.name, environment), project.stack(environment).runtime
    title = f"rotating {name} of {environment}"
    done: Rotated = shown(
        session, title, place, lambda: runtime, lambda emit: rotate(project, environment, name, options, emit)
    )
    left = f"; the keeper goes on in {duration(done.left)}" if done.left else ""
    text = f"{green('✓')} {name} is {'in rotation' if done.left else 'rotated'} after {duration(done.seconds)}{left}"
    session.answer({"kind": "result", "environment": environment, **asdict(done)}, text)
    for note in done.notes:
        tell(f"{yellow('note:')} {note}")


def _handing(session: Session, arguments: Mapping[str, Any]) -> Secret | None:
    """The value that goes to another machine, where the environment runs."""
    if arguments["only_plan"]:
        return None
    return _value(session.project(), arguments["environment"], arguments["name"], arguments["source"])


command.handing = _handing  # type: ignore[attr-defined]
