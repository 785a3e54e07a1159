"""`fairlead secrets scan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead import __version__
from fairlead.cli.sarif import sarif_option, write_sarif
from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, dim, green, red, tell
from fairlead.cli.text import count
from fairlead.cli.verb import verb
from fairlead.errors import ConfigurationError, FairleadError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairlead.operations.secrets.own import Own
    from fairlead.operations.secrets.scan import Scanned, What

HINT = "replace the value where it is used, then take it out; what is no secret is waived by `pragma: allowlist secret`"


@verb(
    "fairlead secrets scan", "fairlead secrets scan --staged", "fairlead secrets scan --history --sarif leaks.sarif",
    "fairlead secrets scan --remember", name="scan", short=VERBS["scan"],
)  # fmt: skip
@click.argument("path", type=click.Path(path_type=Path), default=Path(), metavar="[PATH]")
@click.option("--staged", is_flag=True, help="What git has staged, for a pre-commit hook.")
@click.option("--history", is_flag=True, help="Everything that git can reach, each object once.")
@sarif_option
@click.option("--ask", is_flag=True, help="Ask Vault, AWS or a command for values too, where they are kept there.")
@click.option("--remember", is_flag=True, help="Write fingerprints of the values that can be read here; scan nothing.")
def command(
    session: Session, path: Path, staged: bool, history: bool, report: Path | None, ask: bool, remember: bool
) -> None:
    """Find secrets in the files below PATH (here): those that git tracks, or would when added.

    Looked for are the project's own values, as far as they can be read here or are known by fingerprint, keys that
    have the form of a known service's, strings that look drawn at random, and what is given to something called a
    password. No finding shows a value. The exit code is 1 when there is one.

    A comment `pragma: allowlist secret` in a line, or `pragma: allowlist nextline secret` in the line before, says
    that it holds none; files that `.secrets-scan-ignore` names, by the rules of .gitignore, are left out.
    """
    if staged and history:
        raise UsageError("--staged and --history are two things to scan", "give one of them")
    project, own = _own(session, ask)
    if remember:
        _remember(session, project, own)
    else:
        _scan(session, path, "staged" if staged else "history" if history else "files", report, (project, own))


def _own(session: Session, ask: bool) -> tuple[Path | None, Own]:
    """The folder of the project file and the values, where there is one; what is wrong in the file is a note too."""
    from fairlead.operations.secrets.own import Own, own_values  # noqa: PLC0415 — start-up is part of the product

    if not session.path().is_file():
        return None, Own()
    try:
        project = session.project()
    except ConfigurationError as error:
        return session.path().parent, Own(notes=(str(error.findings[0]),))
    return project.root, own_values(project, ask)


def _scan(session: Session, path: Path, what: What, report: Path | None, known: tuple[Path | None, Own]) -> None:
    from fairlead.operations.secrets.scan import is_out_of_date, scan  # noqa: PLC0415 — start-up is part of the product

    project, own = known
    found = scan(path, what, own.values, project)
    if report:
        _write_sarif(found, report)
    if str(report) != "-":
        session.answer(_data(found, own), _text(found))
    notes = [f"{name} is too large to be scanned" for name in found.too_large]
    if project and is_out_of_date(own, project):
        notes.append("the fingerprints are out of date: fairlead secrets scan --remember")
    _note(own.notes, *notes)
    if found.leaks:
        tell(f"{red('error:')} {count(len(found.leaks), 'secret')} found\nhint: {HINT}")
        click.get_current_context().exit(1)


def _remember(session: Session, project: Path | None, own: Own) -> None:
    from fairlead.operations.secrets.scan import remember  # noqa: PLC0415 — start-up is part of the product

    if project is None:
        raise UsageError("there is no fairlead.yaml here or above", "fingerprints are of the secrets that it declares")
    if not own.environments:
        raise FairleadError(f"no value could be read: {'; '.join(own.notes) or 'none is declared'}")
    file, taken = remember(own, project)
    left = len(own.values) - taken
    more = f"; {left} could be guessed and {'is' if left == 1 else 'are'} left out" if left else ""
    data = {"file": str(file), "values": taken, "left_out": left, "not_read": list(own.notes)}
    session.answer(data, f"{green('✓')} {count(taken, 'value')} in {file}{more}")
    _note(own.notes)


def _note(not_read: Sequence[str], *more: str) -> None:
    for note in (*(f"values not read: {note}" for note in not_read), *more):
        tell(f"{dim('note:')} {note}")


def _write_sarif(found: Scanned, report: Path) -> None:
    from fairlead.secrets.scan.sarif import sarif  # noqa: PLC0415 — start-up is part of the product

    write_sarif(sarif(found.leaks, __version__), report)


def _data(found: Scanned, own: Own) -> dict[str, Any]:
    keys = ("file", "line", "column", "kind", "own", "blob")
    rows = [{key: getattr(one, key) for key in keys} | {"versions": found.versions[one.same]} for one in found.leaks]
    more = {"too_large": list(found.too_large), "not_read": list(own.notes)}
    return {"ok": not rows, "scanned": found.contents, **more, "leaks": rows}


def _text(found: Scanned) -> str:
    if not found.leaks:
        return f"{green('✓')} no secrets in {count(found.contents, 'file')}"
    lines = []
    for leak in found.leaks:
        more = found.versions[leak.same] - 1 if leak.blob else 0
        lines.append(str(leak) + (dim(f" (and in {count(more, 'other version')})") if more else ""))
    return "\n".join(lines)
