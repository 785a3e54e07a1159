"""`fairlead secrets scan`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead import __version__
from fairlead.cli.secrets import VERBS
from fairlead.cli.session import Session, dim, green, red, say, tell
from fairlead.cli.text import count
from fairlead.cli.verb import verb
from fairlead.errors import UsageError

if TYPE_CHECKING:
    from fairlead.operations.secrets.scan import Scanned

HINT = "replace the value where it is used, then take it out; what is no secret is waived by `pragma: allowlist secret`"


@verb(
    "fairlead secrets scan", "fairlead secrets scan --staged", "fairlead secrets scan --history --sarif leaks.sarif",
    name="scan", short=VERBS["scan"],
)  # fmt: skip
@click.argument("path", type=click.Path(path_type=Path), default=Path(), metavar="[PATH]")
@click.option("--staged", is_flag=True, help="What git has staged, for a pre-commit hook.")
@click.option("--history", is_flag=True, help="Everything that git can reach, each object once.")
@click.option("--sarif", "report", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
              help="Write the findings as SARIF 2.1.0 too (-: on stdout, in place of all else).")  # fmt: skip
def command(session: Session, path: Path, staged: bool, history: bool, report: Path | None) -> None:
    """Find secrets in the files below PATH (here): those that git tracks, or would when added.

    Looked for are keys that have the form of a known service's, strings that look drawn at random, and what is given
    to something called a password. No finding shows a value. The exit code is 1 when there is one.

    A comment `pragma: allowlist secret` in a line, or `pragma: allowlist nextline secret` in the line before, says
    that it holds none; files that `.secrets-scan-ignore` names, by the rules of .gitignore, are left out.
    """
    from fairlead.operations.secrets.scan import scan  # noqa: PLC0415 — start-up is part of the product

    if staged and history:
        raise UsageError("--staged and --history are two things to scan", "give one of them")
    found = scan(path, "staged" if staged else "history" if history else "files", (), _project(session))
    if report:
        _write_sarif(found, report)
    if str(report) != "-":
        session.answer(_data(found), _text(found))
    for name in found.too_large:
        tell(f"{dim('not scanned:')} {name} is too large")
    if found.leaks:
        tell(f"{red('error:')} {count(len(found.leaks), 'secret')} found\nhint: {HINT}")
        click.get_current_context().exit(1)


def _project(session: Session) -> Path | None:
    """The folder of the project file, where there is one."""
    file = session.path()
    return file.parent if file.is_file() else None


def _write_sarif(found: Scanned, report: Path) -> None:
    from fairlead.secrets.scan.sarif import sarif  # noqa: PLC0415 — start-up is part of the product
    from fairlead.system.files import write_file  # noqa: PLC0415

    text = json.dumps(sarif(found.leaks, __version__), indent=2, ensure_ascii=False)
    if str(report) == "-":
        say(text)
    else:
        write_file(report, text + "\n")


def _data(found: Scanned) -> dict[str, Any]:
    keys = ("file", "line", "column", "kind", "own", "blob")
    rows = [{key: getattr(one, key) for key in keys} | {"versions": found.versions[one.same]} for one in found.leaks]
    return {"ok": not rows, "scanned": found.contents, "too_large": list(found.too_large), "leaks": rows}


def _text(found: Scanned) -> str:
    if not found.leaks:
        return f"{green('✓')} no secrets in {count(found.contents, 'file')}"
    lines = []
    for leak in found.leaks:
        more = found.versions[leak.same] - 1 if leak.blob else 0
        lines.append(str(leak) + (dim(f" (and in {count(more, 'other version')})") if more else ""))
    return "\n".join(lines)
