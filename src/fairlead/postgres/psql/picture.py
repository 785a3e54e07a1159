"""Files and history put together by the server: what is to be run, and what is wrong. Pure; `picture.py` in SQL.

The rules are the same. Rows of one version that stand beside one another are none that any tool writes, and are not
told apart here.
"""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.postgres.files import Files, Migration
from fairlead.postgres.plan import mode_of, statement_print
from fairlead.postgres.psql.words import About, array, refused_unless
from fairlead.postgres.rows import OPAQUE_TYPES, UNDO_TYPES, short_description, short_script
from fairlead.render.stores.sql import literal

_LETTERS = {"versioned": "V", "baseline": "B", "repeatable": "R"}

_PICTURE = """WITH
file (n, kind, v, version, description, script, checksum, written, print, contract, prints) AS (VALUES
{files}
),
line AS (
    SELECT installed_rank AS rank, version, description, type, script, checksum, success, {parts} AS v,
        type = 'DELETE' OR type IN ({undo}) AS says
    FROM {history}
),
note AS (SELECT installed_rank AS rank, statement, sha256 AS print, state FROM {ours}),
standing AS (
    SELECT * FROM line WHERE NOT says AND NOT EXISTS (
        SELECT FROM line AS later WHERE later.says AND later.success AND later.rank > line.rank
        AND later.v IS NOT DISTINCT FROM line.v AND (line.v IS NOT NULL OR later.description = line.description))
),
active AS (SELECT * FROM standing WHERE v IS NOT NULL),
start AS (
    SELECT n, v FROM file WHERE kind = 'B' AND NOT EXISTS (SELECT FROM active) ORDER BY v DESC LIMIT 1
),
known AS (
    SELECT (SELECT max(v) FROM active) AS newest,
        (SELECT max(v) FROM active WHERE type IN ('BASELINE', 'SQL_BASELINE')) AS base,
        (SELECT max(v) FROM file WHERE kind = 'V') AS newest_file,
        greatest((SELECT max(v) FROM active WHERE type IN ('BASELINE', 'SQL_BASELINE')), (SELECT v FROM start)) AS below
),
latest AS (SELECT DISTINCT ON (description) * FROM standing WHERE v IS NULL AND type <> 'SCHEMA'
    ORDER BY description, rank DESC),
pair AS (
    SELECT active.rank, active.description AS said, active.type, active.script AS ran,
        active.checksum AS had, active.success, active.v AS row_v, file.*
    FROM active LEFT JOIN file ON file.v = active.v
        AND file.kind = CASE active.type WHEN 'SQL_BASELINE' THEN 'B' WHEN 'BASELINE' THEN '' ELSE 'V' END
    UNION ALL
    SELECT latest.rank, latest.description, latest.type, latest.script, latest.checksum, latest.success, latest.v,
        file.*
    FROM latest LEFT JOIN file ON file.kind = 'R' AND file.description = latest.description
),
resumed AS (
    SELECT n, rank FROM pair WHERE NOT success AND prints IS NOT NULL
    AND EXISTS (SELECT FROM note WHERE note.rank = pair.rank AND state IN ('journal', 'begun', 'done'))
    AND NOT EXISTS (SELECT FROM note WHERE note.rank = pair.rank AND statement > 0 AND state = 'done'
        AND note.print IS DISTINCT FROM pair.prints[statement])
),
opaque AS (SELECT rank FROM note WHERE state = 'opaque'),
wanting AS (
    SELECT file.*, file.v < known.newest AND NOT ({late} OR coalesce((
        SELECT bool_and(coalesce(other.contract, false)) FROM active
        LEFT JOIN file AS other ON other.kind = 'V' AND other.v = active.v WHERE active.v > file.v), true)) AS ignored
    FROM file, known WHERE file.kind = 'V' AND NOT file.contract
    AND NOT EXISTS (SELECT FROM active WHERE active.v = file.v AND active.type NOT IN ('BASELINE', 'SQL_BASELINE'))
    AND (known.below IS NULL OR file.v > known.below)
),
wrong (place, text) AS (
    SELECT rank, format('%s failed and was not finished; mend the cause, and take its line away', ran) FROM pair
    WHERE NOT success AND rank NOT IN (SELECT rank FROM resumed)
    UNION ALL
    SELECT rank, CASE WHEN type IN ({opaques}) THEN format('%s was run by Java or a shell, no file stands for it', ran)
        ELSE format('%s was applied and its file is gone', ran) END
    FROM pair, known WHERE success AND row_v IS NOT NULL AND n IS NULL AND type <> 'BASELINE'
    AND rank NOT IN (SELECT rank FROM opaque) AND row_v <= newest_file
    UNION ALL
    SELECT 0, format('%s was not applied, and newer versions were', script) FROM wanting WHERE ignored
    UNION ALL
    SELECT rank, CASE
        WHEN type NOT IN ('SQL', 'SQL_BASELINE') THEN format('%s is SQL, and was applied as %s', script, type)
        WHEN kind <> 'R' AND had IS DISTINCT FROM checksum
            THEN format('%s was changed after it was applied (checksum %s, now %s)', script, had, checksum)
        WHEN said <> description THEN format('%s was applied as "%s" and is now "%s"', script, said, description)
        ELSE format('%s was changed after it was applied, in a way that Flyway''s checksum does not show', script) END
    FROM pair, known WHERE success AND n IS NOT NULL AND (row_v IS NULL OR base IS NULL OR row_v > base)
    AND rank NOT IN (SELECT rank FROM opaque) AND (kind <> 'R' OR had IN (checksum, written))
    AND (type NOT IN ('SQL', 'SQL_BASELINE') OR (kind <> 'R' AND had IS DISTINCT FROM checksum) OR said <> description
        OR (kind <> 'R' AND EXISTS (SELECT FROM note WHERE note.rank = pair.rank AND statement = 0 AND state = 'file'
            AND note.print <> pair.print)))
),
todo AS (
    SELECT n, true AS versioned FROM start
    UNION SELECT n, true FROM wanting WHERE NOT ignored
    UNION SELECT resumed.n, file.kind <> 'R' FROM resumed JOIN file USING (n)
    UNION SELECT n, false FROM file WHERE kind = 'R'
        AND NOT EXISTS (SELECT FROM latest WHERE latest.description = file.description
            AND (NOT latest.success OR latest.checksum IN (file.checksum, file.written)))
)
SELECT coalesce(string_agg(n::text, ',' ORDER BY n), '') AS fairlead_todo, count(*) > 0 AS fairlead_any,
    coalesce(bool_or(versioned), false) AS fairlead_versioned,
    coalesce(bool_or(NOT versioned), false) AS fairlead_repeated,
    NOT EXISTS (SELECT FROM wrong) AS fairlead_fit,
    coalesce((SELECT string_agg(text, '; ' ORDER BY place) FROM wrong), '') AS fairlead_wrong
FROM todo \\gset
"""
_PARTS = r"string_to_array(regexp_replace(version, '(\.0+)+$', ''), '.')::numeric[]"


def ordered(files: Files) -> tuple[Migration, ...]:
    """What may have a row, in the order in which it runs: of those that stand for others only one does."""
    return (*files.baselines, *files.versioned, *files.repeatable)


def picture(files: Files, about: About) -> str:
    """What is to be run, as variables; the script ends where something is wrong."""
    rows = ",\n".join(_row(number, one) for number, one in enumerate(ordered(files), 1))
    text = _PICTURE.format(
        files=rows, history=about.history, ours=about.ours, parts=_PARTS, late=str(about.out_of_order).lower(),
        undo=_listed(UNDO_TYPES), opaques=_listed(OPAQUE_TYPES),
    )  # fmt: skip
    return text + refused_unless("fairlead_fit", ":'fairlead_wrong'")


def _row(number: int, one: Migration) -> str:
    """A file as data; NULL for the fingerprints of statements of one that is a single transaction."""
    parts = f"ARRAY[{', '.join(map(str, one.version.parts))}]::numeric[]" if one.version else "NULL::numeric[]"
    version = literal(str(one.version)) if one.version else "NULL"
    prints = "NULL::text[]"
    if not one.contract and mode_of(one) == "statements":
        prints = array(tuple(map(statement_print, one.statements)))
    texts = (literal(short_description(one.description)), literal(short_script(one.script)))
    return (
        f"({number}, '{_LETTERS[one.kind]}', {parts}, {version}, {', '.join(texts)}, {one.checksum},"
        f" {one.written_checksum}, '{one.fingerprint}', {str(one.contract).lower()}, {prints})"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(literal, sorted(names)))
