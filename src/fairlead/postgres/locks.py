"""The lock that a statement takes on what was there before, and whom it keeps waiting; from its words, for a dry run.

From PostgreSQL's documentation, "Explicit Locking" and the pages of the commands.
"""

from __future__ import annotations

from fairlead.postgres.risk_rules import has
from fairlead.postgres.statements import Statement

EVERYBODY = "ACCESS EXCLUSIVE: nobody reads or writes"
WRITERS = "SHARE: nobody writes"
BOTH = "SHARE ROW EXCLUSIVE: nobody writes"
SOFT = "SHARE UPDATE EXCLUSIVE: others go on"
ROWS = "ROW EXCLUSIVE: only writers of the same rows wait"

_SOFT_ALTERS = (("VALIDATE", "CONSTRAINT"), ("SET", "STATISTICS"), ("ATTACH", "PARTITION"))


def lock_of(statement: Statement) -> str:
    """In words; empty for what makes something new."""
    words = statement.words
    if "CONCURRENTLY" in words or words[:1] == ("ANALYZE",) or (words[:1] == ("VACUUM",) and "FULL" not in words):
        return SOFT
    if words[:2] == ("ALTER", "TABLE"):
        return _altering(statement)
    if words[:1] == ("CREATE",):
        return WRITERS if "INDEX" in words[1:3] else BOTH if "TRIGGER" in words[1:4] else ""
    if words[:1] in (("DROP",), ("TRUNCATE",), ("CLUSTER",), ("VACUUM",), ("LOCK",), ("REFRESH",)):
        return EVERYBODY
    if words[:1] in (("INSERT",), ("UPDATE",), ("DELETE",), ("COPY",), ("MERGE",)):
        return ROWS
    return WRITERS if words[:1] == ("REINDEX",) else ""


def _altering(statement: Statement) -> str:
    if any(has(statement, *run) for run in _SOFT_ALTERS):
        return SOFT
    return BOTH if has(statement, "FOREIGN", "KEY") else EVERYBODY
