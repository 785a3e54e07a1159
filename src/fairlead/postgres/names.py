"""What the name of a file says: `V1.2__add_users.sql`, `U1.2__…`, `B5__…`, `R__views.sql`, `beforeMigrate.sql`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairlead.postgres.version import Version

Kind = Literal["versioned", "undo", "baseline", "repeatable", "callback"]

VERSIONED: dict[str, Kind] = {"V": "versioned", "U": "undo", "B": "baseline"}

SEPARATOR = "__"
SUFFIX = ".sql"

RUN_EVENTS = (
    "beforeMigrate", "beforeEachMigrate", "afterEachMigrate", "afterEachMigrateError", "afterVersioned",
    "beforeRepeatables", "afterMigrate", "afterMigrateApplied", "afterMigrateError",
    "beforeUndo", "beforeEachUndo", "afterEachUndo", "afterEachUndoError", "afterUndo", "afterUndoError",
)  # fmt: skip
"""Callbacks that are run."""

OTHER_EVENTS = (
    "beforeClean", "afterClean", "afterCleanError", "beforeInfo", "afterInfo", "afterInfoError", "beforeValidate",
    "afterValidate", "afterValidateError", "beforeBaseline", "afterBaseline", "afterBaselineError", "beforeRepair",
    "afterRepair", "afterRepairError", "beforeConnect", "afterConnect", "beforeCreateSchema", "createSchema",
    "beforeEachMigrateStatement", "afterEachMigrateStatement", "afterEachMigrateStatementError",
    "beforeEachUndoStatement", "afterEachUndoStatement", "afterEachUndoStatementError",
)  # fmt: skip
"""Callbacks that Flyway knows and that are not run here; said, not passed over."""

_EVENTS = sorted((*RUN_EVENTS, *OTHER_EVENTS), key=len, reverse=True)  #: the longest first, as one begins another


@dataclass(frozen=True, slots=True)
class Name:
    """A file's name, read."""

    kind: Kind
    version: Version | None
    description: str
    event: str = ""  #: of a callback


def read_name(name: str) -> Name:
    """The name of a file that ends in `.sql` (in any case), without its folder. ValueError says what is wrong.

    Flyway passes over a name it cannot read; so `V2_users.sql`, with one `_`, would never run.
    """
    stem = name[: -len(SUFFIX)]
    before, _, after = stem.partition(SEPARATOR)
    description = after.replace("_", " ")
    event = next((event for event in _EVENTS if before == event), "")
    if event:
        return Name("callback", None, description, event)
    kind = VERSIONED.get(before[:1])
    if kind is not None:
        return Name(kind, _version(name, before), description)
    if before == "R":
        return Name("repeatable", None, description)
    if before[:1] == "R":
        raise ValueError(f"{name}: what runs again has no version; name it R__{before[1:].strip('_') or 'views'}.sql")
    raise ValueError(f"{name}: what is it? Names are V1__what_it_does.sql, U1__…, B1__…, R__… or of a callback")


def _version(name: str, before: str) -> Version:
    letter, written = before[:1], before[1:]
    try:
        return Version(written)
    except ValueError:
        words = written.lstrip("_.")
        number = words[: len(words) - len(words.lstrip("0123456789"))]
        good = f"{letter}{number or 1}__{words[len(number) :].lstrip('_') or 'what_it_does'}.sql"
        raise ValueError(f"{name}: no version before __; perhaps {good}") from None
