"""What comes before any file: the schema and the tables of the history, and the lock. Pure."""

from __future__ import annotations

from fairlead.postgres.history import CREATE, CREATE_OURS, EMPTY
from fairlead.postgres.lock import OURS
from fairlead.postgres.psql.words import About, asked, refusal, refused_unless, when
from fairlead.postgres.rows import FLYWAY, SCHEMA, SCHEMA_TEXT
from fairlead.render.stores.sql import literal, quoted

HEAD = r"""\set ON_ERROR_STOP on
\set QUIET on
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\o /dev/null
"""
_LOCK = """SET statement_timeout = 0;
SELECT set_config('fairlead.schema', :'fairlead_schema', false);
DO $fairlead$
DECLARE
    named text := format('"%s"."%s"', current_setting('fairlead.schema'), {table});
    hash bigint := 0;
    tries integer := 0;
BEGIN
    FOR at IN 1..length(named) LOOP
        hash := (hash * 31 + ascii(substr(named, at, 1))) % 4294967296;
    END LOOP;
    hash := {flyway} + hash - CASE WHEN hash < 2147483648 THEN 0 ELSE 4294967296 END;
    LOOP
        IF pg_try_advisory_lock({ours}) THEN
            EXIT WHEN pg_try_advisory_lock(hash);
            PERFORM pg_advisory_unlock({ours});
        END IF;
        tries := tries + 1;
        IF tries > {tries} THEN
            RAISE EXCEPTION 'somebody else migrates this database, and goes on';
        END IF;
        COMMIT;
        PERFORM pg_sleep(0.5);
        COMMIT;
    END LOOP;
END $fairlead$;
"""
TRIES = 600  #: each half a second, and none of them holds a snapshot that others would have to wait for


def schema(about: About) -> str:
    """Where the history is, as a variable; and the search path that files begin with."""
    where = literal(about.schema) if about.schema else "coalesce(current_schema(), 'public')"
    path = "current_setting('search_path')"
    first = f"btrim(split_part({path}, ',', 1), ' \"')"
    wanted = f"""concat_ws(', ', quote_ident(:'fairlead_schema'), nullif({path}, ''))"""
    return asked("fairlead_schema", where) + asked(
        "fairlead_path", f"CASE WHEN {first} = :'fairlead_schema' THEN {path} ELSE {wanted} END"
    )


def lock(about: About) -> str:
    """Ours, and Flyway's own: both are asked for, never waited for; both end with the session."""
    return _LOCK.format(table=literal(about.table), flyway=FLYWAY, ours=OURS, tries=TRIES)


def fresh() -> str:
    """A session as it was at first, whatever the file before set; the server looks whether its client still lives."""
    return (
        "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\n"
        "SELECT set_config('search_path', :'fairlead_path', false);\n"
        "SELECT set_config(name, '5000', false) FROM pg_settings WHERE name = 'client_connection_check_interval';\n"
    )


def tables(about: About) -> str:
    """The history, made where there is none in a database that has nothing either."""
    ours = f"{about.table}_fairlead"
    empty = asked("fairlead_fit", f"SELECT ({EMPTY.replace('%s', _SCHEMA).strip()}) = 0")
    full = f"format('the schema %s has tables and views, and no history; %s', {_SCHEMA}, {literal(_BASELINE)})"
    made = f"{empty}{refused_unless('fairlead_fit', full)}{_made(about)}"
    foreign = refused_unless("fairlead_ours", literal(f"{about.table} was made by Flyway; {_ADOPT}"))
    return (
        asked("fairlead_there", _there(about.table)) + asked("fairlead_ours", _there(ours))
        + when("fairlead_there", foreign, made)
    )  # fmt: skip


_SCHEMA = ":'fairlead_schema'"
_BASELINE = "say once which version they are: fairlead db baseline"
_ADOPT = "look at it and take it over once: fairlead db adopt"


def _there(table: str) -> str:
    return f"EXISTS (SELECT FROM pg_tables WHERE schemaname = {_SCHEMA} AND tablename = {literal(table)})"


def _made(about: About) -> str:
    """In one transaction; the schema too, where it is missing, and then it is said as Flyway does."""
    names = {"table": about.history, "ours": about.ours, "key": quoted(f"{about.table}_pk")}
    create = CREATE.format(**names, index=quoted(f"{about.table}_s_idx")).strip()
    new = asked("fairlead_new", f"NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = {_SCHEMA})")
    said = (
        f"INSERT INTO {about.history} VALUES (0, NULL, {literal(SCHEMA_TEXT)}, '{SCHEMA}',"  # noqa: S608 — quoted
        f" format('\"%s\"', {_SCHEMA}), NULL, current_user, now(), 0, true);\n"
    )
    before = when("fairlead_new", 'CREATE SCHEMA :"fairlead_schema";\n')
    after = when("fairlead_new", said)
    return f"BEGIN;\n{new}{before}{create};\n{after}{CREATE_OURS.format(**names).strip()};\nCOMMIT;\n"


def refuse(message: str) -> str:
    """The script ends with these words."""
    return refusal(literal(message))
