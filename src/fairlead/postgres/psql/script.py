"""All scripts of one database: what psql runs, its files, and the shell that calls it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.errors import ConfigurationError
from fairlead.postgres.files import Files, Migration
from fairlead.postgres.plan import check, mode_of
from fairlead.postgres.psql import steps
from fairlead.postgres.psql.ground import HEAD, fresh, lock, refuse, schema, tables
from fairlead.postgres.psql.picture import ordered, picture
from fairlead.postgres.psql.rights import settled
from fairlead.postgres.psql.shell import shell
from fairlead.postgres.psql.words import About, asked, when
from fairlead.render.stores.sql import literal

FOLDER = "files"  #: of what the scripts include
ON_ERROR = ("afterEachMigrateError", "afterMigrateError")


def scripts(files: Files, about: About) -> dict[str, str]:
    """Every file, by its path in a folder of their own.

    ConfigurationError where a file that runs again, or a callback, cannot be run; a version may have run long ago.
    """
    made = {"migrate.sh": shell(about), "migrate.sql": _main(files, about)}
    failed = "".join(_called(files, event) for event in ON_ERROR)
    made |= {"failed.sql": HEAD + schema(about) + fresh() + failed} if failed else {}
    return made | {f"{FOLDER}/{one.script}": steps.lined(one) for one in _included(files)}


def _included(files: Files) -> Iterator[Migration]:
    """What is a file of its own: the rest is written where it runs, with its journal between its statements."""
    yield from (one for one in _run(files) if not _unfit(one) and mode_of(one) == "transaction")
    yield from (one for one in files.callbacks if "Undo" not in (one.name.event or ""))


def _run(files: Files) -> Iterator[Migration]:
    yield from (one for one in ordered(files) if not one.contract)


def _main(files: Files, about: About) -> str:
    check((*files.repeatable, *files.callbacks))
    parts = [HEAD, schema(about)]
    if any(_run(files)):
        parts += [lock(about), fresh(), tables(about), picture(files, about), '\\! : >"$FAIRLEAD_BEGUN"\n']
        parts += _steps(files, about)
    parts += [fresh(), settled(about)]
    return "".join(parts)


def _steps(files: Files, about: About) -> Iterator[str]:
    """In the order of a plan: versions, then what runs again, with what is called around them."""
    yield _called(files, "beforeMigrate")
    numbered = tuple(enumerate(ordered(files), 1))
    yield from (_step(number, one, files, about) for number, one in numbered if one.version and not one.contract)
    yield when("fairlead_versioned", _called(files, "afterVersioned"))
    yield when("fairlead_repeated", _called(files, "beforeRepeatables"))
    yield from (_step(number, one, files, about) for number, one in numbered if not one.version)
    yield when("fairlead_any", _called(files, "afterMigrateApplied"))
    yield _called(files, "afterMigrate")


def _step(number: int, one: Migration, files: Files, about: About) -> str:
    chosen = asked("fairlead_run", f"SELECT '{number}' = ANY (string_to_array(:'fairlead_todo', ','))")
    said = f"\\echo {literal(one.script)}\n"
    return chosen + when("fairlead_run", said + _body(one, files, about))


def _body(one: Migration, files: Files, about: About) -> str:
    if why := _unfit(one):
        return refuse(why)
    before, after = files.of("beforeEachMigrate"), files.of("afterEachMigrate")
    if mode_of(one) == "transaction":
        return steps.whole(one, _file(one), about, [*map(_file, before)], [*map(_file, after)])
    return steps.piecemeal(one, about, [*map(_alone, before)], [*map(_alone, after)])


def _unfit(one: Migration) -> str:
    """Why it cannot be run; empty when it can."""
    try:
        check((one,))
    except ConfigurationError as error:
        return "; ".join(map(str, error.findings))
    return ""


def _called(files: Files, event: str) -> str:
    return "".join(fresh() + _alone(one) for one in files.of(event))


def _alone(one: Migration) -> str:
    return steps.callback(one, _file(one))


def _file(one: Migration) -> str:
    return f"\\ir {literal(f'{FOLDER}/{one.script}')}\n"
