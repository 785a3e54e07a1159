"""What has to be done so that the roles of a database are as they are wanted. Pure: no statement for what is right.

What only a superuser may do is left out where Fairlead is none, and so is what needs something that is not there yet:
a policy of a table that a later migration makes.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.postgres.roles.facts import PUBLIC, Facts, RoleFacts
from fairlead.postgres.roles.rights import of_database, of_defaults, of_things
from fairlead.postgres.roles.rows import of_rows
from fairlead.postgres.roles.statement import Statement, name, text_of
from fairlead.postgres.roles.wanted import SINCE, Role, Wanted
from fairlead.render.scram import matches, verifier

LARGE = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)", "lo_import(text)", "lo_import(text, oid)")


def plan(wanted: Wanted, facts: Facts) -> tuple[Statement, ...]:
    """In the order in which they can be run, all in one transaction."""
    return (
        *(one for role in wanted.roles for one in _role(role, facts)),
        *_members(wanted, facts),
        *(one for role in wanted.roles for one in _settings(role, facts, wanted.database)),
        *of_database(wanted, facts),
        *_large(facts),
        *of_things(wanted, facts),
        *of_defaults(wanted, facts),
        *of_rows(wanted, facts),
        *_legacy(wanted, facts),
    )


def _role(role: Role, facts: Facts) -> Iterator[Statement]:
    known = facts.roles.get(role.name)
    if known is None:
        can = "LOGIN" if role.login else "NOLOGIN"
        made = f"CREATE ROLE {name(role.name)} {can} INHERIT CONNECTION LIMIT {role.connections}"
        yield Statement("role", f"make the role {role.name}", made)
        known = RoleFacts(role.name, bool(role.login), role.connections)
    if known.powers:
        taken = " ".join(f"NO{one}" for one in known.powers)
        yield Statement("role", f"{role.name} may do too much", f"ALTER ROLE {name(role.name)} {taken}")
    if known.connections != role.connections:
        limit = f"ALTER ROLE {name(role.name)} CONNECTION LIMIT {role.connections}"
        yield Statement("role", f"{role.name} may have other than {role.connections} connections", limit)
    yield from _login(role, known, facts)


def _login(role: Role, known: RoleFacts, facts: Facts) -> Iterator[Statement]:
    if role.login is None:
        return
    if known.login != role.login:
        can = "can log in" if role.login else "cannot log in"
        yield Statement("role", f"{role.name} {can}", f"ALTER ROLE {name(role.name)} {'' if role.login else 'NO'}LOGIN")
    new = role.name not in facts.roles
    if role.password is not None and (new or (facts.readable and not matches(known.kept or "", role.password))):
        yield password_of(role.name, verifier(role.password))
    elif role.password is None and known.kept is not None:
        yield password_of(role.name, None)


def password_of(role: str, kept: str | None) -> Statement:
    """Give it that password, or none."""
    head = f"ALTER ROLE {name(role)} PASSWORD"
    if kept is None:
        return Statement("password", f"{role} has no password", f"{head} NULL")
    return Statement("password", f"{role} has the password that is kept of it", f"{head} {text_of(kept)}", f"{head} …")


def _members(wanted: Wanted, facts: Facts) -> Iterator[Statement]:
    right = {(group, role.name) for role in wanted.roles for group in role.member_of}
    ours = {role.name for role in wanted.roles}
    spared = {facts.me, *([wanted.legacy] if wanted.legacy and not wanted.retire else [])}
    if not facts.superuser and (wanted.owner, facts.me) not in facts.members:
        yield _member(wanted.owner, facts.me)  # who gives things to the owner has to be one of it
    legacy = facts.roles.get(wanted.legacy or "")
    if legacy and legacy.login and not wanted.retire and (wanted.owner, legacy.name) not in facts.members:
        yield _member(wanted.owner, legacy.name)  # one that was retired stays so
    for group, member in sorted(right - facts.members):
        yield _member(group, member)
    for group, member in sorted(facts.members - right):
        if (group in ours and member not in spared) or (member in ours and group not in ours):
            out = f"REVOKE {name(group)} FROM {name(member)}"
            yield Statement("member", f"{member} is no longer one of {group}", out)


def _member(group: str, member: str) -> Statement:
    return Statement("member", f"{member} is one of {group}", f"GRANT {name(group)} TO {name(member)}")


def _settings(role: Role, facts: Facts, database: str) -> Iterator[Statement]:
    now = {key: value for (who, key), value in facts.settings.items() if who == role.name}
    head = f"ALTER ROLE {name(role.name)} IN DATABASE {name(database)}"
    for key, value in role.settings.items():
        if now.get(key) != value and facts.version >= SINCE.get(key, 0):
            yield Statement("setting", f"{role.name}: {key} is {value}", f"{head} SET {key} = {text_of(value)}")
    for key in sorted(now.keys() - role.settings.keys()):
        yield Statement("setting", f"{role.name}: nothing is said of {key}", f"{head} RESET {name(key)}")


def _large(facts: Facts) -> Iterator[Statement]:
    """Anybody may fill the disk with large objects otherwise."""
    if facts.large and facts.superuser:
        some = ", ".join(f"pg_catalog.{one}" for one in LARGE)
        yield Statement(
            "revoke", "not everybody makes large objects", f"REVOKE EXECUTE ON FUNCTION {some} FROM {PUBLIC}"
        )


def _legacy(wanted: Wanted, facts: Facts) -> Iterator[Statement]:
    """Who owned everything before may not come in any more."""
    known = facts.roles.get(wanted.legacy or "")
    if known is not None and wanted.retire and known.login:
        out = f"ALTER ROLE {name(known.name)} NOLOGIN PASSWORD NULL"
        yield Statement("role", f"{known.name}, which owned everything before, cannot log in", out)
