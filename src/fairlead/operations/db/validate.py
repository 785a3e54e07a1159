"""Whether files and histories agree, and what is risky in what is pending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.errors import ConfigurationError
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.opened import Opened, asking, opened
from fairlead.postgres import indexes
from fairlead.postgres.picture import Mistake
from fairlead.postgres.plan import check
from fairlead.postgres.risk import Risk
from fairlead.postgres.risks import risks


@dataclass(frozen=True, slots=True)
class Validation:
    """Of one database."""

    database: str
    address: str
    mistakes: tuple[Mistake, ...]
    risks: tuple[Risk, ...]
    invalid: tuple[str, ...]  #: indexes
    pending: int
    findings: tuple[str, ...] = ()  #: places where a file is not what can be run

    @property
    def ok(self) -> bool:
        """Nothing keeps `migrate` from running."""
        return not (self.mistakes or self.findings or any(one.severity == "error" for one in self.risks))


def validate(some: Sequence[Database]) -> tuple[Validation, ...]:
    """Of each database. FairleadError when one cannot be reached."""
    with opened(some) as databases:
        return tuple(_validation(one) for one in databases)


def _validation(one: Opened) -> Validation:
    with asking(one):
        picture = one.look(contract=True)
        invalid = indexes.invalid(one.connection)
    findings: tuple[str, ...] = ()
    found: tuple[Risk, ...] = ()
    try:
        check(picture.pending)
        found = risks(picture.pending, one.files)
    except ConfigurationError as error:
        findings = tuple(str(finding) for finding in error.findings)
    where = one.database.where.shown
    return Validation(one.name, where, picture.mistakes, found, invalid, len(picture.pending), findings)
