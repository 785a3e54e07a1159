"""One statement of a plan, and how names and texts are written in SQL."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Statement:
    """`what` is for a person; `sql` may hold what a server keeps of a password, and is shown without it."""

    kind: str  #: role, password, member, setting, owner, grant, revoke, default, rows
    what: str
    sql: str = field(repr=False)
    shown: str = ""

    def text(self) -> str:
        """As it may be printed."""
        return self.shown or self.sql


def name(text: str) -> str:
    """A name, quoted as far as it has to be read as it stands."""
    return '"' + text.replace('"', '""') + '"'


def text_of(text: str) -> str:
    """A text."""
    return "'" + text.replace("'", "''") + "'"


def who(role: str) -> str:
    """A role of GRANT and REVOKE."""
    return role if role == "PUBLIC" else name(role)
