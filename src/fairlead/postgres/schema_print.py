"""A schema as one short text: two that are alike have the same, whatever is in their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

_QUERY = """
WITH own AS (SELECT oid, nspname FROM pg_namespace WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'),
rel AS (SELECT c.*, n.nspname FROM pg_class c JOIN own n ON n.oid = c.relnamespace WHERE c.relname <> ALL (%s)),
said (line) AS (
SELECT format('rel %%s.%%s %%s %%s', nspname, relname, relkind, relrowsecurity) FROM rel
WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
UNION ALL SELECT format('col %%s.%%s.%%s %%s %%s %%s', r.nspname, r.relname, a.attname,
format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL SELECT format('con %%s.%%s %%s', r.nspname, r.relname, pg_get_constraintdef(k.oid))
FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid
UNION ALL SELECT format('idx %%s %%s', pg_get_indexdef(i.indexrelid), i.indisvalid)
FROM rel r JOIN pg_index i ON i.indrelid = r.oid
UNION ALL SELECT format('view %%s.%%s %%s', nspname, relname, pg_get_viewdef(oid)) FROM rel WHERE relkind IN ('v', 'm')
UNION ALL SELECT 'fun ' || pg_get_functiondef(p.oid) FROM pg_proc p JOIN own n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p')
UNION ALL SELECT 'trg ' || pg_get_triggerdef(t.oid) FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal
UNION ALL SELECT format('enum %%s.%%s %%s', n.nspname, t.typname, e.enumlabel)
FROM pg_type t JOIN own n ON n.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid)
SELECT md5(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), '')) FROM said
"""


def schema_print(connection: Connection, without: Sequence[str]) -> str:
    """Of a database as it is now, without tables and indexes of these names. An error of the driver."""
    row = connection.execute(_QUERY, (list(without),)).fetchone()
    return str(row[0]) if row else ""
