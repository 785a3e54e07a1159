"""squawk (https://squawkhq.com), which parses SQL, asked beside our own rules; where it is installed.

What our rules find too is left to them, since they know which tables are new in several files and have the better way
for this runner. What squawk says of timeouts, transactions and IF NOT EXISTS is what the runner sees to.
"""

from __future__ import annotations

import json
import shutil
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fairlead.errors import FairleadError
from fairlead.postgres import waivers
from fairlead.postgres.files import Migration
from fairlead.postgres.plan import mode_of
from fairlead.postgres.risk import Risk, Severity
from fairlead.system.commands import Command, run

OURS = (
    "require-concurrent-index-creation", "require-concurrent-index-deletion", "constraint-missing-not-valid",
    "adding-field-with-default", "adding-foreign-key-constraint", "changing-column-type", "adding-not-nullable-field",
    "adding-required-field", "adding-serial-primary-key-field", "renaming-column", "renaming-table",
    "disallowed-unique-constraint", "ban-drop-column", "ban-drop-table", "ban-truncate-cascade",
    "require-concurrent-reindex",
)  # fmt: skip
RUNNERS = (
    "require-timeout-settings", "require-lock-timeout", "require-statement-timeout", "transaction-nesting",
    "ban-concurrent-index-creation-in-transaction", "ban-uncommitted-transaction", "prefer-robust-stmts",
)  # fmt: skip
TASTE = "prefer-"  #: rules about what is new, which hurts nobody yet
LONGEST = 120.0  #: seconds


def program() -> str | None:
    """Its path; None where it is not installed."""
    beside = Path(sysconfig.get_path("scripts")) / "squawk"
    return str(beside) if beside.exists() else shutil.which("squawk")


def found(some: Sequence[Migration], path: str) -> tuple[Risk, ...]:
    """What it finds in files, without what is waived. FairleadError when it cannot be asked."""
    rows: list[Risk] = []
    for transaction in (True, False):
        files = [one for one in some if (mode_of(one) == "transaction") is transaction]
        rows += _asked(files, path, ("--assume-in-transaction",) if transaction else ())
    places = {one.shown: place for place, one in enumerate(some)}
    return tuple(sorted(rows, key=lambda one: (places[one.file], one.line, one.column)))


def _asked(some: Sequence[Migration], path: str, more: tuple[str, ...]) -> list[Risk]:
    if not some:
        return []
    with tempfile.TemporaryDirectory(prefix="fairlead-") as folder:
        names = {f"{number}.sql": one for number, one in enumerate(some)}
        for name, one in names.items():
            Path(folder, name).write_text(one.resolved, "utf-8")
        left_out = (f"--exclude={rule}" for rule in (*OURS, *RUNNERS))
        argv = (path, "--reporter=json", *more, *left_out, *names)
        done = run(Command(argv, cwd=Path(folder), apart=True, timeout=LONGEST))
    try:
        return read(json.loads(done.output), names)
    except (ValueError, KeyError, TypeError):
        said = (done.errors or done.output).strip().splitlines()[:1]
        raise FairleadError(f"squawk: {said[0] if said else f'exit code {done.code}'}", "see `squawk --help`") from None


def read(rows: Sequence[dict[str, Any]], names: dict[str, Migration]) -> list[Risk]:
    """Its JSON: lines and columns count from 0 there. What it cannot parse with rows of COPY in it is not its fault."""
    risks = []
    for row in rows:
        one = names[Path(row["file"]).name]
        rule, line = str(row["rule_name"]), int(row["line"]) + 1
        copies = any(statement.data is not None for statement in one.statements)
        if rule not in waivers.at(one, line) and not (copies and rule == "syntax-error"):
            severity: Severity = "note" if rule.startswith(TASTE) else "warning"
            advice = " ".join(str(row["help"] or "see https://squawkhq.com/docs/" + rule).split()).rstrip(".")
            message = " ".join(str(row["message"]).split()).rstrip(".")
            risks.append(Risk(one.shown, line, int(row["column"]) + 1, rule, severity, message, advice))
    return risks
