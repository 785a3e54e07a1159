"""Row-level security of tables that are declared to have it: on, with one policy, and no other. Pure.

PostgreSQL keeps an expression in its own words, so what is kept cannot be held against what was declared. The comment
of a policy has a hash of both: of what it was made from, and of what the server made of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from fairlead.postgres.roles.facts import Facts, Policy, Thing
from fairlead.postgres.roles.statement import Statement, name, text_of
from fairlead.postgres.roles.wanted import Wanted
from fairlead.project.stack_rights import RowSecurity

POLICY = "fairlead"
_NOTED = """DO $fairlead$ BEGIN EXECUTE (
SELECT format('COMMENT ON POLICY {policy} ON %s IS %L', p.polrelid::regclass, 'fairlead {hash} '
|| md5(coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')))
FROM pg_policy p WHERE p.polname = '{policy}' AND p.polrelid = {table}::regclass); END $fairlead$"""


def of_rows(wanted: Wanted, facts: Facts) -> Iterator[Statement]:
    """Of every declared table that is there."""
    for row in wanted.rows:
        table = table_of(row, facts)
        if table is None:
            continue
        if not table.guarded:
            on = f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"
            yield Statement("rows", f"{table.name} shows rows by policy alone", on)
        there = [one for one in facts.policies if one.table == table.name]
        wrong = [one for one in there if not right(row, one, wanted)]
        for one in wrong:
            off = f"DROP POLICY {name(one.name)} ON {table.name}"
            yield Statement("rows", f"{table.name} has no policy {one.name} other than declared", off)
        if len(wrong) == len(there):
            yield made(row, table, wanted.service)


def table_of(row: RowSecurity, facts: Facts) -> Thing | None:
    """The table that is meant: of that name, in the schema public where none is named."""
    schema, _, plain = row.table.rpartition(".")
    names = {f"{schema or 'public'}.{plain}", f"{_quoted(schema or 'public')}.{_quoted(plain)}"}
    return next((one for one in facts.things if one.kind == "TABLE" and one.name in names and one.form in "rp"), None)


def _quoted(text: str) -> str:
    return text if text == text.lower() else name(text)


def right(row: RowSecurity, policy: Policy, wanted: Wanted) -> bool:
    """Whether it is the declared one, as it was made."""
    return (
        policy.name == POLICY
        and policy.permissive
        and policy.command == "*"
        and policy.roles == {wanted.service(one) for one in row.to}
        and policy.note == f"fairlead {hash_of(row.using)} {hash_of(policy.using + policy.check)}"
    )


def made(row: RowSecurity, table: Thing, group: Callable[[str], str]) -> Statement:
    """The policy is made, and noted. `group`: the role that stands for a service."""
    roles = ", ".join(name(group(one)) for one in row.to)
    policy = f"CREATE POLICY {POLICY} ON {table.name} TO {roles} USING ({row.using}) WITH CHECK ({row.using})"
    kept = _NOTED.format(policy=POLICY, hash=hash_of(row.using), table=text_of(table.name))
    what = f"{', '.join(row.to)} sees rows of {table.name} where {row.using}"
    return Statement("rows", what, f"{policy};\n{kept}", policy)


def hash_of(text: str) -> str:
    """What a policy's comment has of an expression."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
