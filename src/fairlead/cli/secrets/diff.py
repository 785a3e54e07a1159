"""`fairlead secrets diff`."""

from __future__ import annotations

from dataclasses import asdict

import click

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, dim, green, red, yellow
from fairlead.cli.verb import environments, verb
from fairlead.errors import UsageError


@verb(
    "fairlead secrets diff staging production", "fairlead secrets diff production --since main",
    name="diff", short=VERBS["diff"],
)  # fmt: skip
@environments("ENV [ENV]")
@click.option("--since", metavar="REVISION", help="Compare with a revision of git: a commit, a branch, a tag.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something differs.")
def command(session: Session, environments: tuple[str, ...], since: str | None, exit_code: bool) -> None:
    """Say which names differ between two environments, or what changed in one since a revision; never a value."""
    from fairlead.operations.secrets import diff  # noqa: PLC0415 — start-up is part of the product

    if len(environments) != (1 if since else 2):
        what = "--since compares one environment with its past" if since else "two environments are compared"
        raise UsageError(
            what, "fairlead secrets diff staging production, or fairlead secrets diff staging --since main"
        )
    project = session.project()
    found = diff.since(project, environments[0], since) if since else diff.between(project, *environments)
    rows = (
        (red("-"), found.only_first, f"only in {found.first}"),
        (green("+"), found.only_second, f"only in {found.second}"),
        (yellow("~"), found.different, "other value"),
    )
    lines = [f"{sign} {name}  {dim(why)}" for sign, names, why in rows for name in names]
    if found.same and not since:
        lines.append(dim(f"the same value in both: {', '.join(found.same)}"))
    session.answer({"different_anywhere": found.any, **asdict(found)}, "\n".join(lines) or "no difference")
    if exit_code and found.any:
        click.get_current_context().exit(1)
