"""Owners and rights: each thing has the owner, the two groups have what they need, nobody else has anything. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from fairlead.postgres.roles.facts import PUBLIC, Facts, Thing
from fairlead.postgres.roles.statement import Statement, name, who
from fairlead.postgres.roles.wanted import READS, WRITES, Wanted

Pairs = Iterable[tuple[str, str]]
OTHERS = ("postgres", "template1")  #: databases of a server that are nobody's
SHARED = "pg_database_owner"  #: owns the schema public, and is whoever owns the database
WORDS = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "n": "SCHEMAS"}


def of_database(wanted: Wanted, facts: Facts) -> Iterator[Statement]:
    """Only who uses it comes in; where the server is Fairlead's nobody comes into the others either."""
    own = facts.databases.get(wanted.database)
    if own is not None:
        if own.owner != wanted.owner:
            yield _owned(own, wanted.owner)
        migrator = next(role.name for role in wanted.roles if wanted.owner in role.member_of)
        right = {(role, "CONNECT") for role in (wanted.rw, wanted.ro, migrator)}
        yield from _change(own, right, _without(own.grants, wanted.owner))
    for other in (facts.databases[one] for one in OTHERS if wanted.alone and one in facts.databases):
        yield from _change(other, (), {pair for pair in other.grants if pair[0] == PUBLIC})


def of_things(wanted: Wanted, facts: Facts) -> Iterator[Statement]:
    """Of every schema, relation and function."""
    for one in facts.things:
        if one.owner not in (wanted.owner, SHARED):
            yield _owned(one, wanted.owner)
        yield from _change(one, right_of(wanted, one), _without(one.grants, wanted.owner))
        yield from _change(one, (), one.columns)


def _without(grants: Pairs, owner: str) -> set[tuple[str, str]]:
    return {(role, what) for role, what in grants if role != owner}


def right_of(wanted: Wanted, one: Thing) -> set[tuple[str, str]]:
    """What the groups have on it."""
    rw, ro = _both(wanted, one)
    return {(wanted.rw, what) for what in rw} | {(wanted.ro, what) for what in ro}


def _both(wanted: Wanted, one: Thing) -> tuple[frozenset[str], frozenset[str]]:
    if one.kind == "SCHEMA":
        return frozenset({"USAGE"}), frozenset({"USAGE"})
    if one.kind == "SEQUENCE":
        return frozenset({"USAGE", "SELECT"}), frozenset({"SELECT"})
    if one.kind == "TABLE":
        if one.plain in wanted.reserved:
            return frozenset(), frozenset()
        return (READS if one.form == "m" else WRITES), READS
    return frozenset({"EXECUTE"}), frozenset({"EXECUTE"})


def of_defaults(wanted: Wanted, facts: Facts) -> Iterator[Statement]:
    """What the owner makes later is as it should be from the start."""
    right = {
        "r": {(wanted.rw, one) for one in WRITES} | {(wanted.ro, one) for one in READS},
        "S": {(wanted.rw, "USAGE"), (wanted.rw, "SELECT"), (wanted.ro, "SELECT")},
        "f": {(wanted.rw, "EXECUTE"), (wanted.ro, "EXECUTE")},
        "n": {(wanted.rw, "USAGE"), (wanted.ro, "USAGE")},
    }
    usual = {"f": frozenset({(PUBLIC, "EXECUTE")})}  # of an owner that is not there yet
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {name(wanted.owner)}"
    for kind, word in WORDS.items():
        now = facts.defaults.get(kind, usual.get(kind, frozenset()))
        for role, what in _by_role(now - right[kind]):
            text = f"new {word.lower()} give {role} no {what}"
            yield Statement("default", text, f"{head} REVOKE {what} ON {word} FROM {who(role)}")
        for role, what in _by_role(right[kind] - now):
            text = f"new {word.lower()} give {role} {what}"
            yield Statement("default", text, f"{head} GRANT {what} ON {word} TO {who(role)}")


def _owned(one: Thing, owner: str) -> Statement:
    word = {"m": "MATERIALIZED VIEW", "v": "VIEW", "f": "FOREIGN TABLE"}.get(one.form, one.kind)
    return Statement("owner", f"{one.name} belongs to {owner}", f"ALTER {word} {one.name} OWNER TO {name(owner)}")


def _change(one: Thing, right: Pairs, now: Pairs) -> Iterator[Statement]:
    on = f"ON {'FUNCTION' if one.kind == 'AGGREGATE' else one.kind} {one.name}"
    for role, what in _by_role(set(now) - set(right)):
        yield Statement("revoke", f"{role} has no {what} on {one.name}", f"REVOKE {what} {on} FROM {who(role)}")
    for role, what in _by_role(set(right) - set(now)):
        yield Statement("grant", f"{role} has {what} on {one.name}", f"GRANT {what} {on} TO {who(role)}")


def _by_role(some: Pairs) -> Iterator[tuple[str, str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for role, what in sorted(some):
        found[role].append(what)
    return ((role, ", ".join(what)) for role, what in found.items())
