"""Variables, secrets and templates, resolved: what has a value, and what has only a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fairlead.project import stack
from fairlead.project.stack_rights import Rights, RowSecurity, User

if TYPE_CHECKING:
    from fairlead.project.file import Sections
    from fairlead.project.registry import Registry
    from fairlead.project.secrets import Rotate, Secret, SecretBackend
    from fairlead.project.stores import Database
    from fairlead.project.templates import Template
    from fairlead.project.variables import Variable

FORMATS: dict[str, stack.Format] = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".xml": "xml", ".conf": "nginx"}
"""What a file is, by the ending of its name."""

TABLE = "flyway_schema_history"
DAY = 86400.0
USUAL = {"jwt": 90 * DAY, "redis": 90 * DAY}
"""How old a value may get that is changed without anybody noticing, when nothing is said of it. Seconds, by kind."""


def variables(some: dict[str, Variable], given: Mapping[str, str]) -> dict[str, str]:
    """The plain ones that have a value: what is given first, else the default."""
    values = {name: given.get(name, one.default) for name, one in some.items() if not one.secret}
    return {name: value for name, value in values.items() if value is not None}


def secrets(sections: Sections) -> tuple[stack.SecretSpec, ...]:
    """Everything that must stay secret, in the order of the file."""
    declared = tuple(_secret(name, one) for name, one in sections.secrets.items())
    typed = tuple(_typed(name, one) for name, one in sections.variables.items() if one.secret)
    return declared + typed


def _typed(name: str, one: Variable) -> stack.SecretSpec:
    return stack.SecretSpec(name, type=one.type, values=one.values, pattern=one.pattern, required=one.required)


def _secret(name: str, one: Secret) -> stack.SecretSpec:
    generate = stack.Generate(one.generate.kind, one.generate.length) if one.generate else None
    return stack.SecretSpec(name, generate, _rotate(one.rotate) if one.rotate else stack.Rotate())


def _rotate(one: Rotate) -> stack.Rotate:
    every = USUAL.get(one.kind) if one.every is None else one.every
    return stack.Rotate(
        every, one.kind, one.cache, one.lifetime, one.lag, one.url, one.user, one.admin, one.admin_user, one.reload
    )


def backend(one: SecretBackend) -> stack.SecretBackend:
    """Where values are kept."""
    return stack.SecretBackend(
        one.kind, one.url, one.mount, one.path, one.region, one.namespace, one.auth, one.get, one.set
    )


def registry(one: Registry | None) -> stack.Registry | None:
    """Where images go; None when nothing is said."""
    return stack.Registry(one.url.rstrip("/"), one.user, one.secret) if one else None


def templates(some: tuple[Template, ...]) -> tuple[stack.Template, ...]:
    """With the format that the target's name tells where none is declared."""
    return tuple(
        stack.Template(one.source, one.target, one.format or _format(one.target), one.secret, one.services)
        for one in some
    )


def _format(target: str) -> stack.Format:
    dot = target.rfind(".")
    return FORMATS.get(target[dot:].lower(), "text") if dot > target.rfind("/") else "text"


def migrations(name: str, one: Database) -> stack.Migrations:
    """How a database's schema moves."""
    how = one.migrate
    if how is None:
        return stack.Migrations(name, one.migrations, one.contract, one.migrator)
    return stack.Migrations(
        name, one.migrations, one.contract, one.migrator, how.like, how.schema_, how.table, how.out_of_order,
        dict(how.placeholders), how.lock_timeout, how.statement_timeout, how.undo_rows,
        how.rehearse,
    )  # fmt: skip


def rights(name: str, one: Database) -> Rights:
    """Who may do what in it. Rows that name nobody are for all that use it."""
    users = tuple(
        User(service, it.access, it.connections, it.statement_timeout, it.idle_in_transaction, it.transaction_timeout)
        for service, it in one.used_by.items()
    )
    rows = tuple(RowSecurity(table, it.using, it.to or tuple(one.used_by)) for table, it in one.rls.items())
    table = one.migrate.table if one.migrate else TABLE
    return Rights(name, users, rows, (table, f"{table}_fairlead"), one.rls_required)
