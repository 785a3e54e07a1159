"""`fairlead secrets check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, green, red, tell, yellow
from fairlead.cli.text import count
from fairlead.cli.verb import environment, verb

if TYPE_CHECKING:
    from fairlead.errors import Finding
    from fairlead.operations.secrets.check import Checked

KEYS = ("file", "line", "column", "path", "message")


@verb(
    "fairlead secrets check production", "fairlead secrets check --json",
    name="check", short=VERBS["check"],
)  # fmt: skip
@environment(required=False)
def command(session: Session, environment: str | None) -> None:
    """Look through the secrets of ENV, or of all environments; the exit code is 1 when something is wrong.

    Wrong is: a declared name without a value, a value that is a placeholder, well known, short or repeated, a file
    that was changed by hand (its MAC does not fit), that stands in the open, or that others may write.
    """
    from fairlead.operations.secrets.check import check  # noqa: PLC0415 — start-up is part of the product

    project = session.project()
    environments = [environment] if environment else list(project.environments)
    found = [check(project, one, session.path()) for one in environments]
    wrong = sum(len(one.findings) for one in found)
    session.answer({"ok": not wrong, "environments": [_data(one) for one in found]}, "\n".join(map(_text, found)))
    if wrong:
        tell(f"{red('error:')} {count(wrong, 'finding')}")
        click.get_current_context().exit(1)


def _data(one: Checked) -> dict[str, Any]:
    return {
        "environment": one.environment, "where": one.where, "secrets": one.secrets,
        "findings": [_finding(each) for each in one.findings], "notes": [_finding(each) for each in one.notes],
    }  # fmt: skip


def _finding(one: Finding) -> dict[str, Any]:
    return {key: getattr(one, key) for key in KEYS}


def _text(one: Checked) -> str:
    lines = [str(finding) for finding in one.findings]
    lines += [f"{yellow('note:')} {note}" for note in one.notes]
    if not one.findings:
        lines.append(f"{green('✓')} {one.environment}: {count(one.secrets, 'secret')} in {one.where}")
    return "\n".join(lines)
