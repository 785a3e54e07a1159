"""A file as a script: with its row in one transaction, or statement by statement with a journal. Pure; `run.py` in SQL.

Each has variables of its own from the script around it: whether it is to be run. A statement that is begun outside of
transactions is noted before and after, so that the next run knows how far this one came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairlead.postgres.files import Migration
from fairlead.postgres.plan import statement_print
from fairlead.postgres.psql.alone import effect, left, valid
from fairlead.postgres.psql.ground import fresh, refuse
from fairlead.postgres.psql.words import BACK, About, asked, limits, refusal, refused_unless, when, written
from fairlead.postgres.rows import SQL, SQL_BASELINE, short_description, short_script
from fairlead.postgres.run import LONG
from fairlead.postgres.statements import Statement
from fairlead.postgres.traits import needs_no_transaction, when_unknown
from fairlead.render.stores.sql import literal

_BEGUN = asked("fairlead_begun", "extract(epoch FROM clock_timestamp())")
_MS = "round((extract(epoch FROM clock_timestamp()) - :fairlead_begun) * 1000)::integer"


def lined(one: Migration) -> str:
    """Its statements, each on the line on which it was written: psql names lines."""
    text, line = "", 1
    for statement in one.statements:
        before = "\n" * (statement.line - line)
        piece = written(statement)
        text, line = text + before + piece, max(line, statement.line) + piece.count("\n")
    return text


def whole(one: Migration, file: str, about: About, before: Sequence[str], after: Sequence[str]) -> str:
    """As one transaction. `file`, and the callbacks around it: how psql includes them."""
    added = _added(one, about, "true", _MS)
    return (
        f"{fresh()}BEGIN;\n{_fence(about)}{_BEGUN}{''.join(before)}{file}{''.join(after)}{BACK}{added}"
        f"{_note(about, '0', one.fingerprint, 'file')}COMMIT;\n"
    )


def _fence(about: About) -> str:
    return f"LOCK TABLE {about.history} IN SHARE ROW EXCLUSIVE MODE;\n"


def _added(one: Migration, about: About, success: str, ms: str) -> str:
    version = literal(str(one.version)) if one.version else "NULL"
    kind = SQL_BASELINE if one.kind == "baseline" else SQL
    texts = f"{literal(short_description(one.description))}, '{kind}', {literal(short_script(one.script))}"
    values = f"{version}, {texts}, {one.checksum}, current_user, {ms}, {success}"
    return (
        f"INSERT INTO {about.history} (installed_rank, version, description, type, script, checksum, installed_by,"
        f" execution_time, success)\nSELECT coalesce(max(installed_rank), 0) + 1, {values} FROM {about.history}\n"
        "RETURNING installed_rank AS fairlead_rank \\gset\n"
    )


def _note(about: About, statement: str, print_: str, state: str) -> str:
    return (
        f"INSERT INTO {about.ours} (installed_rank, statement, sha256, state)"  # noqa: S608 — quoted
        f" VALUES (:fairlead_rank, {statement}, '{print_}', '{state}')\nON CONFLICT (installed_rank, statement)"
        " DO UPDATE SET sha256 = excluded.sha256, state = excluded.state, noted_at = now();\n"
    )


def piecemeal(one: Migration, about: About, before: Sequence[str], after: Sequence[str]) -> str:
    """Statement by statement; what an earlier run has done is passed over."""
    script = literal(short_script(one.script))
    query = f"SELECT coalesce(max(installed_rank), 0) FROM {about.history} WHERE NOT success AND script = {script}"  # noqa: S608 — quoted
    opened = (
        f"BEGIN;\n{_fence(about)}{_added(one, about, 'false', '0')}"
        f"{_note(about, '0', one.fingerprint, 'journal')}COMMIT;\n"
    )
    begin = asked("fairlead_rank", query) + asked("fairlead_new", "SELECT :fairlead_rank = 0")
    middle = "".join(_statement(one, number, statement, about) for number, statement in enumerate(one.statements, 1))
    return (
        f"{fresh()}{_BEGUN}{begin}{when('fairlead_new', opened)}{''.join(before)}{middle}{''.join(after)}"
        f"{_closed(one, about)}"
    )


def _closed(one: Migration, about: About) -> str:
    texts = f"description = {literal(short_description(one.description))}, script = {literal(short_script(one.script))}"
    return (
        f"{BACK}BEGIN;\n{_fence(about)}UPDATE {about.history} SET success = true, execution_time = {_MS},"  # noqa: S608 — quoted
        f" checksum = {one.checksum}, {texts} WHERE installed_rank = :fairlead_rank;\n"
        f"DELETE FROM {about.ours} WHERE installed_rank = :fairlead_rank AND statement > 0;\n"
        f"{_note(about, '0', one.fingerprint, 'file')}COMMIT;\n"
    )


def _statement(one: Migration, number: int, statement: Statement, about: About) -> str:
    print_ = statement_print(statement)
    query = f"NOT EXISTS ({_noted(about, number, 'done')})"
    if not needs_no_transaction(statement):
        body = f"BEGIN;\n{_fence(about)}{written(statement)}{BACK}{_note(about, str(number), print_, 'done')}COMMIT;\n"
    else:
        body = "".join(_alone(one, number, statement, about))
    return asked("fairlead_run", query) + when("fairlead_run", body)


def _noted(about: About, number: int, state: str) -> str:
    return (
        f"SELECT FROM {about.ours} WHERE installed_rank = :fairlead_rank AND statement = {number} AND state = '{state}'"
    )


def _alone(one: Migration, number: int, statement: Statement, about: About) -> Iterator[str]:
    """One that was begun before a crash may have taken effect: where the catalogue tells, it is asked."""
    print_ = statement_print(statement)
    begun = f"EXISTS ({_noted(about, number, 'begun')} AND sha256 = '{print_}')"
    unknown, done = when_unknown(statement), effect(statement)
    place = f"{one.shown}:{statement.line}:{statement.column}"
    if unknown == "ask":
        lost = f"{place}: it was begun before a crash, and nobody knows whether it took effect; see, and say so once:"
        yield asked("fairlead_fit", f"NOT {begun}")
        yield when("fairlead_fit", "", refuse(f"{lost} fairlead db repair"))
    note = _note(about, str(number), print_, "done")
    tried = "".join(_tried(number, statement, about, place)) + note
    looked = done if unknown == "look" and done else "false"
    yield asked("fairlead_done", f"{begun} AND {looked}") + when("fairlead_done", note, tried)


def _tried(number: int, statement: Statement, about: About, place: str) -> Iterator[str]:
    print_ = statement_print(statement)
    longest = max(LONG, about.statement_timeout)
    yield limits(0.0, longest) + left(statement) + _note(about, str(number), print_, "begun")
    yield f"\\set ON_ERROR_STOP off\n{written(statement)}\\set fairlead_failed :ERROR\n\\set ON_ERROR_STOP on\n"
    forget = f"DELETE FROM {about.ours} WHERE installed_rank = :fairlead_rank AND statement = {number};\n"  # noqa: S608 — quoted
    yield when("fairlead_failed", f"{left(statement)}{BACK}{forget}{refusal(literal(f'{place} failed'))}")
    if check := valid(statement):
        yield asked("fairlead_fit", check) + refused_unless("fairlead_fit", literal(f"{place}: the index is not valid"))
    yield BACK + limits(about.lock_timeout, about.statement_timeout)


def callback(one: Migration, file: str) -> str:
    """Alone: as one transaction, unless a statement of it needs none."""
    if any(needs_no_transaction(statement) for statement in one.statements):
        return file
    return f"BEGIN;\n{file}COMMIT;\n"
