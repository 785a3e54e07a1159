"""`fairlead test`: the tests that the project declares."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from fairlead.cli.session import Session, bold, green, red, tell
from fairlead.cli.text import count, duration, table
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.operations.test import Tested


@verb("fairlead test", "fairlead test --json", name="test")
@environment(required=False)
def command(session: Session, environment: str | None) -> None:
    """Run the command lines under `tests` in the project file, all of them; the exit code is 1 when one fails.

    Their output goes to stderr as it comes. With ENV, the tests of that environment.
    """
    from fairlead.operations.test import run_tests  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    found = run_tests(project, environment, lambda line: tell(bold(f"$ {line}")), tell)
    bad = sum(not one.ok for one in found)
    text = table([_row(one) for one in found])
    summary = red(f"{bad} of {count(len(found), 'test')} failed") if bad else green("all tests passed")
    session.answer({"ok": not bad, "tests": [asdict(one) for one in found]}, f"{text}\n{summary}")
    if bad:
        click.get_current_context().exit(1)


def _row(one: Tested) -> tuple[str, ...]:
    result = green("✓") if one.ok else red("✗")
    return result, one.command, "" if one.ok else red(f"exited with {one.code}"), duration(one.seconds)
