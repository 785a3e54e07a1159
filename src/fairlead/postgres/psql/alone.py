"""What the catalogue says of a statement that runs outside of transactions, as SQL. Pure; `indexes.py` for psql."""

from __future__ import annotations

from fairlead.postgres.indexes import NAMED_INVALID, NAMED_VALID, REBUILT
from fairlead.postgres.statements import Statement
from fairlead.postgres.traits import drops_indexes, index_of, qualified
from fairlead.render.stores.sql import literal, quoted


def _filled(query: str, *texts: str) -> str:
    for text in texts:
        query = query.replace("%s", literal(text), 1)
    return query.strip()


def _name(schema: str | None, name: str) -> str:
    return ".".join(quoted(one) for one in (schema, name) if one)


def left(statement: Statement) -> str:
    """Take away INVALID indexes that an earlier run of this statement left."""
    index, query = index_of(statement), ""
    if index is not None:
        query = _filled(NAMED_INVALID, index.name or "", _name(index.schema, index.table))
    elif statement.words[:1] == ("REINDEX",) and "CONCURRENTLY" in statement.words:
        schema, name, _ = qualified(statement, statement.words.index("CONCURRENTLY") + 1)
        query = _filled(REBUILT, _name(schema, name), _name(schema, name))
    if not query:
        return ""
    drop = "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', schema, name)"
    return f"{drop}\nFROM ({query}) AS invalid (schema, name, on_table) \\gexec\n"


def valid(statement: Statement) -> str:
    """Whether the index that was built is fit for use; empty for what builds none."""
    index = index_of(statement)
    if index is None:
        return ""
    return f"EXISTS ({_filled(NAMED_VALID, index.name or '', _name(index.schema, index.table))})"


def effect(statement: Statement) -> str:
    """Whether one that was begun has taken effect; empty where the catalogue does not tell."""
    if dropped := drops_indexes(statement):
        return " AND ".join(f"to_regclass({literal(_name(*one))}) IS NULL" for one in dropped)
    return valid(statement)
