"""`fairlead doctor`: would a deployment work."""

from __future__ import annotations

from dataclasses import asdict

import click

from fairlead.cli.session import Session, bold, dim, green, red, yellow
from fairlead.cli.text import count
from fairlead.cli.verb import environment, verb

MARKS = {"ok": green("✓"), "warning": yellow("!"), "failed": red("✗")}


@verb("fairlead doctor", "fairlead doctor production --json", name="doctor")
@environment(required=False)
def command(session: Session, environment: str | None) -> None:
    """Check what a deployment to ENV (or to each environment) needs: project, machine, ports, disk, ledger, left-overs.

    The same checks run before every deployment. The exit code is 3 when one fails, as that of the deployment would be.
    """
    from fairlead.operations.doctor import examine  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    names = [environment] if environment else list(project.environments)
    found = {name: examine(project, name, thorough=True) for name in names}
    failed = sum(check.result == "failed" for checks in found.values() for check in checks)
    warned = sum(check.result == "warning" for checks in found.values() for check in checks)
    lines = []
    for name, checks in found.items():
        lines.append(bold(f"{project.name}/{name}"))
        for check in checks:
            lines.append(f"  {MARKS[check.result]} {check.name:<14}{check.text}")
            lines += [dim(f"{'':18}{check.hint}")] if check.hint else []
    lines.append(f"{count(failed, 'check')} failed, {count(warned, 'warning')}")
    data = {"project": project.name, "ok": not failed,
            "environments": {name: [asdict(check) for check in checks] for name, checks in found.items()}}  # fmt: skip
    session.answer(data, "\n".join(lines))
    if failed:
        click.get_current_context().exit(3)
