"""`fairlead deploy`: move an environment to what the folder holds now."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.session import Session, tell, yellow
from fairlead.cli.verb import environment, message_option, no_wait_option, verb, wait_option, yes_option

if TYPE_CHECKING:
    from fairlead.operations.deploy import Options
    from fairlead.project.project import Project
    from fairlead.rollout.schema import SchemaMove
    from fairlead.rollout.verdict.forecast import Forecast as Shown

STRATEGIES = ("rolling", "blue-green", "canary")


@verb(
    "fairlead deploy production",
    "fairlead deploy production --plan",
    'fairlead deploy production --strategy canary --message "new checkout"',
    "fairlead deploy production --no-wait",
    "fairlead deploy development --init-secrets",
    name="deploy",
    stream=True,
)
@environment()
@click.option("--plan", "only_plan", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--strategy", type=click.Choice(STRATEGIES), help="Instead of the one in the project file.")
@click.option("--init-secrets", is_flag=True, help="First what `fairlead secrets init ENV` does.")
@message_option
@yes_option
@no_wait_option
@wait_option
def command(session: Session, environment: str, only_plan: bool, init_secrets: bool, **given: Any) -> None:
    """Build what this folder holds, and move ENV to it as one transaction.

    Users are served all along. When anything fails, everything is taken back and the exit code is 1. Ctrl-C takes
    everything back too; a second Ctrl-C leaves that to the keeper. Where a person has to decide it is waited for as
    long as the project file says (`hold_for`); then the exit code is 5, and `fairlead approve ENV` goes on.
    """
    from fairlead.operations.deploy import Options  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    if init_secrets and not only_plan:
        have_secrets(project, environment)
    anew = not only_plan and agreed(session, project, environment, given["yes"])
    options = Options(given["strategy"], given["wait"], given["message"], given["no_wait"], anew)
    if only_plan:
        show_plan(session, project, environment, options)
    else:
        carry_out(session, project, environment, options)


def have_secrets(project: Project, environment: str) -> None:
    """Begin to keep secrets where none are kept yet: a fresh clone is deployed with one command."""
    from fairlead.cli.secrets.init import tell_of  # noqa: PLC0415
    from fairlead.operations.secrets.init import init  # noqa: PLC0415

    done = init(project, environment)
    if done.generated:
        tell(f"made {', '.join(done.generated)} in {done.where}")
    tell_of(done)


def agreed(session: Session, project: Project, environment: str, yes: bool) -> bool:
    """Whether stores that are declared otherwise now may be made anew: by --yes, or by a person on a terminal."""
    from fairlead.operations.deploy import store_steps_of  # noqa: PLC0415

    asking = [step.text for step in store_steps_of(project, environment) if step.asks]
    if not asking or yes or not session.asks:
        return yes
    session.confirm("\n".join([*asking, "do it?"]), yes)
    return True


def show_plan(session: Session, project: Project, environment: str, options: Options) -> None:
    """The forecast."""
    from fairlead.cli.text import table  # noqa: PLC0415
    from fairlead.operations.forecast import forecast  # noqa: PLC0415

    plan = forecast(project, environment, options)
    steps = [{"id": step.id, "text": step.shown(), **step.to_data()} for step in plan.steps]
    data = {"kind": "plan", "release": plan.release, "strategy": plan.strategy, "first": plan.first,
            "builds": [asdict(one) for one in plan.builds], "steps": steps,
            "connections": [asdict(one) for one in plan.connections],
            "stores": [asdict(one) for one in plan.stores],
            "schema": [asdict(one) for one in plan.schema],
            "evidence": plan.evidence.to_data() if plan.evidence else None}  # fmt: skip
    rows = [(one.name, _short(one.artifact), f"{'must be' if one.needed else 'is'} {one.how}") for one in plan.builds]
    parts = [f"release {plan.release}, {plan.strategy}", table(rows, indent=2)]
    parts += [f"first: {plan.first}"] if plan.first else []
    parts += [f"stores: {one.text}" for one in plan.stores if one.kind != "have"]
    parts += [f"{step.number:3d}  {step.shown()}" for step in plan.steps]
    parts += [] if plan.steps else ["nothing to do: this release is live"]
    parts += [line for one in plan.schema for line in _schema(one)] if plan.steps else []
    parts += [f"connections {one.text}" + (f"; {one.hint}" if one.hint else "") for one in plan.connections]
    parts += _evidence(plan.evidence) if plan.evidence else []
    session.answer(data, "\n".join(part for part in parts if part))


def _schema(one: SchemaMove) -> list[str]:
    """What of a database is not in the steps."""
    unknown = f"schema of {one.database}: what is pending is looked up once it is there: {one.unknown}"
    held = f"once the old release is gone: migrate {one.database}: {', '.join(one.held)}"
    bare = f"{one.database} is not rehearsed: {one.unrehearsed}"
    some = ((unknown, one.unknown), (bare, one.moves and one.unrehearsed), (held, one.held))
    return [*(text for text, why in some if why), *one.notes]


def _short(artifact: str) -> str:
    return artifact.removeprefix("sha256:")[:12]


def _evidence(found: Shown) -> list[str]:
    """What each step of a canary can show, how long the whole takes, and what would make it better."""
    advice = [f"  {yellow('!')} {line}" for line in found.advice]
    return ["what the canary can show:", *(f"  {one.text}" for one in found.steps), f"  {found.text}", *advice]


def carry_out(session: Session, project: Project, environment: str, options: Options) -> None:
    """The deployment itself."""
    from fairlead.cli.outcome import carried  # noqa: PLC0415
    from fairlead.operations.deploy import deploy  # noqa: PLC0415
    from fairlead.system.home import Place  # noqa: PLC0415

    stack = project.stack(environment)
    place = Place.of(project.name, environment)
    with carried(session, f"deploying {project.name} to {environment}", place, lambda: stack.runtime) as run:
        run(lambda emit: deploy(project, environment, options, emit))
