"""What in the files of migrations may hurt, without a database: our own rules, and squawk's where it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.operations.db.chosen import declared, folder_of, hidden_names
from fairlead.postgres import squawk as asking
from fairlead.postgres.files import Files, Migration, read_files
from fairlead.postgres.plan import check
from fairlead.postgres.risk import Risk
from fairlead.postgres.risks import errors, risks
from fairlead.postgres.version import Version
from fairlead.project.stack import Migrations, Stack

BUILT_IN = ("defaultSchema", "user", "database", "table", "environment", "timestamp", "workingDirectory")
"""Placeholders of Flyway's, whose values only a connection knows."""


@dataclass(frozen=True, slots=True)
class Linted:
    """One database."""

    database: str
    files: int  #: that were looked at
    risks: tuple[Risk, ...]
    squawk: bool  #: whether it was asked

    @property
    def ok(self) -> bool:
        """Nothing keeps `migrate` from running them."""
        return not errors(self.risks)


def lint(
    stack: Stack, root: Path, names: Sequence[str] = (), since: Version | None = None, squawk: bool = True
) -> tuple[Linted, ...]:
    """Of each database with files, those above version `since`. ConfigurationError for what cannot be run as it stands.

    UsageError for a name that there is not. `squawk`: ask it where it is installed.
    """
    return tuple(
        _linted(f"{store.name}.{one.database}", files_of(stack, root, one), since, squawk)
        for store, one in declared(stack, names)
        if one.folder
    )


def files_of(stack: Stack, root: Path, one: Migrations) -> Files:
    """Those of a database, as they would run in an environment. ConfigurationError."""
    values = {f"flyway:{name}": name.lower() for name in BUILT_IN}
    return read_files(folder_of(root, one), {**values, **stack.variables, **one.placeholders}, hidden_names(stack, one))


def _linted(name: str, files: Files, since: Version | None, squawk: bool) -> Linted:
    new = [one for one in files.versioned if since is None or (one.version is not None and one.version > since)]
    some = (*new, *files.repeatable)
    check(some)
    return Linted(name, len(some), *all_risks(some, files, squawk))


def all_risks(some: Sequence[Migration], files: Files, squawk: bool = True) -> tuple[tuple[Risk, ...], bool]:
    """Of files that are about to run, in their order; and whether squawk was asked."""
    program = asking.program() if squawk else None
    more = asking.found(some, program) if program else ()
    places = {one.shown: place for place, one in enumerate(some)}
    found = sorted((*risks(some, files), *more), key=lambda one: (places.get(one.file, len(places)), one.line))
    return tuple(found), program is not None
