"""`fairlead db lint`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead import __version__
from fairlead.cli.db.common import databases, risk_lines, version_of
from fairlead.cli.sarif import sarif_option, write_sarif
from fairlead.cli.session import Session, dim, green, red, tell
from fairlead.cli.text import count
from fairlead.cli.verb import environment, failing, verb

if TYPE_CHECKING:
    from fairlead.operations.db.lint import Linted


@verb("fairlead db lint production", "fairlead db lint production shop --since 41 --strict",
      "fairlead db lint production --sarif migrations.sarif", name="lint")  # fmt: skip
@environment()
@databases
@click.option("--since", metavar="VERSION", help="Only versions above this one: older files have run long ago.")
@click.option("--strict", is_flag=True, help="Warnings too make the exit code 1.")
@sarif_option
def command(
    session: Session, environment: str, databases: tuple[str, ...], since: str | None, strict: bool,
    report: Path | None,
) -> None:  # fmt: skip
    """Look at the files of ENV's databases for what may hurt a system that runs. No database is asked.

    With `pip install 'fairlead[lint]'` squawk is asked too, which parses SQL. The exit code is 1 for an error. A
    comment waives a rule for a statement, and says why: `-- fairlead: allow drop-table, nobody reads it since May`.
    """
    from fairlead.operations.db.lint import lint  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    found = lint(project.outline(environment), project.root, databases, version_of(since))
    ok = all(one.ok and not (strict and any(it.severity == "warning" for it in one.risks)) for one in found)
    if report:
        write_sarif(_sarif(found), report)
    if str(report) != "-":
        data = [asdict(one) | {"ok": one.ok} for one in found]
        session.answer({"environment": environment, "ok": ok, "databases": data}, "\n".join(map(_text, found)))
    if not all(one.squawk for one in found):
        tell(f"{dim('note:')} squawk was not asked; it finds more: pip install 'fairlead[lint]'")
    failing(ok)


def _sarif(found: tuple[Linted, ...]) -> dict[str, Any]:
    from fairlead.render.sarif import Result, sarif  # noqa: PLC0415 — start-up is part of the product

    rows = [it for one in found for it in one.risks]
    results = [Result(it.rule, it.rule, f"{it.message}: {it.advice}", it.file, it.line, it.column, it.severity)
               for it in rows]  # fmt: skip
    return sarif(results, __version__)


def _text(one: Linted) -> str:
    mark = green("✓") if one.ok else red("✗")
    head = f"{mark} {one.database}: {count(len(one.risks), 'finding')} in {count(one.files, 'file')}"
    return "\n".join([head, *([risk_lines(one.risks)] if one.risks else [])])
