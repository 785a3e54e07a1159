"""`fairlead up`: bring an environment back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, dim, green, red
from fairlead.cli.verb import environment, failing, project_option, verb, wait_option
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.operations.up_all import Brought


@verb("fairlead up production", "fairlead up --all", name="up", stream=True)
@environment(required=False)
@click.option("--all", "everything", is_flag=True, help="Every environment on this machine that nobody stopped.")
@wait_option
@project_option
def command(session: Session, environment: str | None, everything: bool, wait: float) -> None:
    """Have ENV running as the ledger says it should be: after a reboot, after `fairlead stop`, after anything.

    With --all it is what a machine runs when it starts (`fairlead startup install` sees to that): one environment that
    fails does not keep the others from coming back, and the exit code is 1 then. One whose keeper runs is left alone.
    """
    if everything is (environment is not None):
        raise UsageError("say one environment, or --all", "for example `fairlead up production`")
    if environment is None:
        _all(session)
        return
    from fairlead.cli.outcome import simple  # noqa: PLC0415 — start-up is part of the product
    from fairlead.operations.up import up  # noqa: PLC0415

    place = session.place(environment)
    live = simple(session, f"starting {environment}", lambda emit: up(place, wait, emit))
    text = f"{green('✓')} {live} is live" if live else f"{environment} is up; nothing was ever deployed to it"
    session.answer({"kind": "result", "ok": True, "release": live}, text)


def _all(session: Session) -> None:
    from fairlead.operations.up_all import up_all  # noqa: PLC0415 — start-up is part of the product

    found = up_all(lambda one: session.answer({"kind": "environment", **asdict(one)}, _told(one)))
    ok = all(one.result != "failed" for one in found)
    session.answer({"kind": "result", "ok": ok}, "" if found else "nothing was ever deployed on this machine")
    failing(ok)


def _told(one: Brought) -> str:
    what = {
        "up": f"{one.release} is live" if one.release else "up; nothing was ever deployed to it",
        "kept": "its keeper runs, and was left to it",
        "stopped": f"stopped; `fairlead up {one.environment}` brings it back",
        "failed": one.why,
    }[one.result]
    mark = {"up": green("✓"), "failed": red("✗")}.get(one.result, dim("-"))
    return f"{mark} {one.name}: {what}"
