"""What in a migration may hurt a system that runs: dangerous statements, each with a severity and a better way.

Read from the words of a statement alone; what a DO block or a function does inside is not seen, and said so. A table
that the same files create is empty and used by nobody, so nothing that locks or rewrites it is a risk.

An `error` keeps the migration from running. `-- fairlead: allow RULE, why` above or inside a statement waives a rule
for it, `-- fairlead: allow-file RULE, why` for its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairlead.postgres import risk_rules, waivers
from fairlead.postgres.files import Files, Migration
from fairlead.postgres.names import RUN_EVENTS
from fairlead.postgres.plan import mode_of
from fairlead.postgres.risk import Risk
from fairlead.postgres.statements import Statement
from fairlead.postgres.traits import needs_no_transaction


def risks(some: Sequence[Migration], files: Files) -> tuple[Risk, ...]:
    """Of files that are about to run, in the order of the files."""
    created: set[str] = set()
    found: list[Risk] = []
    for one in some:
        waived = waivers.of_file(one)
        for statement in one.statements:
            created |= set(risk_rules.creates(statement))
            allowed = waived | waivers.of_statement(statement)
            found += [risk for risk in _of_statement(one, statement, created) if risk.rule not in allowed]
        found += [risk for risk in _of_whole(one, files, created) if risk.rule not in waived]
    places = {one.shown: place for place, one in enumerate(some)}
    found.sort(key=lambda risk: places[risk.file])
    return (*found, *_not_called(files))


def _not_called(files: Files) -> Iterator[Risk]:
    """Flyway would call these."""
    for one in files.callbacks:
        if one.name.event not in RUN_EVENTS:
            text = f"{one.name.event} is a callback that is not called here"
            yield Risk(one.shown, 1, 1, "callback-not-called", "note", text, "move what it does into one that is")


def _of_statement(one: Migration, statement: Statement, created: set[str]) -> Iterator[Risk]:
    for rule in risk_rules.RULES:
        if rule.spares_new and risk_rules.table_of(statement) in created:
            continue
        if rule.found(statement):
            yield Risk(one.shown, statement.line, statement.column, rule.name, rule.severity, rule.message, rule.advice)


def _of_whole(one: Migration, files: Files, created: set[str]) -> Iterator[Risk]:
    """What only several statements together show."""
    if one.kind == "versioned" and one.version and files.undo and files.undo_of(one.version) is None:
        advice = f"write U{one.version}__….sql, or waive this in the file"
        yield Risk(one.shown, 1, 1, "no-undo", "note", "it cannot be undone: there is no U file", advice)
    for statement, text in waivers.without_reason(one):
        advice = "say it behind a comma: -- fairlead: allow RULE, why"
        message = f'"allow {text}" does not say why'
        yield Risk(one.shown, statement.line, statement.column, "waiver-reason", "warning", message, advice)
    if mode_of(one) == "transaction":
        yield from _enum_values(one)
        yield from _backfill(one, created)
    elif not all(needs_no_transaction(statement) for statement in one.statements):
        text = "it is no transaction as a whole: when it fails in the middle, what came before stays"
        advice = "put what needs no transaction into a file of its own"
        yield Risk(one.shown, 1, 1, "mixed", "note", text, advice)


def _enum_values(one: Migration) -> Iterator[Risk]:
    added: set[str] = set()
    for statement in one.statements:
        used = [token for token in statement.tokens if token.kind == "string" and token.text in added]
        if used:
            text = f"{used[0].text} is a new value of an enum, which cannot be used before it is committed"
            yield Risk(one.shown, statement.line, statement.column, "enum-value-used", "error", text,
                       "put its use into the next file")  # fmt: skip
        if statement.words[:2] == ("ALTER", "TYPE") and risk_rules.has(statement, "ADD", "VALUE"):
            added |= {token.text for token in statement.tokens if token.kind == "string"}


def _backfill(one: Migration, created: set[str]) -> Iterator[Risk]:
    altered = [
        statement for statement in one.statements
        if statement.words[:2] == ("ALTER", "TABLE") and risk_rules.table_of(statement) not in created
    ]  # fmt: skip
    for statement in one.statements:
        changes = statement.words[:1] == ("UPDATE",) or statement.words[:2] == ("DELETE", "FROM")
        if changes and altered and statement.line > altered[0].line:
            text = "rows are changed while ALTER TABLE locks a table, until the end of the file"
            yield Risk(one.shown, statement.line, statement.column, "backfill-under-lock", "warning", text,
                       "change rows in the next file, in batches")  # fmt: skip


def refusing(some: Sequence[Risk]) -> str:
    """Why what has these risks must not run, in one line; empty when it may."""
    return "; ".join(f"{one.file}:{one.line}:{one.column}: {one.message} [{one.rule}]" for one in errors(some))


def errors(some: Sequence[Risk]) -> tuple[Risk, ...]:
    """Those that keep a migration from running."""
    return tuple(one for one in some if one.severity == "error")
