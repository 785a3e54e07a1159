"""Databases that Flyway made: taken over as they are, and fit for Flyway still. And those without a history."""

import pytest

from fairlead.errors import Refused
from fairlead.operations.db.mend import adopt, baseline
from fairlead.postgres.checksum import flyway_checksum
from fairlead.postgres.history import CREATE
from fairlead.postgres.rows import BASELINE_TEXT
from fairlead.postgres.version import Version

pytestmark = pytest.mark.real

ONE = "create table a (x int);\n"


def flyway(site, *rows):
    """The table as Flyway makes it, and rows: version, type, script, checksum."""
    with site.connect() as connection:
        for statement in CREATE.split(";"):
            names = {"table": '"public"."flyway_schema_history"', "key": "flyway_schema_history_pk"}
            connection.execute(statement.format(**names, index="flyway_schema_history_s_idx"))
        for rank, row in enumerate(rows, 1):
            connection.execute(
                "insert into flyway_schema_history values (%s, %s, 'x', %s, %s, %s, 'flyway', now(), 5, true)",
                (rank, *row),
            )


def test_a_history_of_flyway_is_looked_at_taken_over_and_left_as_it_is(site):
    site.ask(ONE)
    flyway(site, ("1", "SQL", "V1__x.sql", flyway_checksum(ONE)), ("2", "JDBC", "db.migration.V2__x", None))
    before = site.ask("select * from flyway_schema_history order by 1")
    site.write(V1__x=ONE, V3__y="create table b ()")
    with pytest.raises(Refused, match="was made by Flyway"):
        site.migrate()
    (found,) = adopt([site.database], accept_opaque=False, do=False)
    assert (found.adopted, found.matched, found.opaque, found.differing) == (False, 1, ("db.migration.V2__x",), ())
    with pytest.raises(Refused, match=r"db.migration.V2__x cannot be run again"):
        adopt([site.database], accept_opaque=False, do=True)
    (found,) = adopt([site.database], accept_opaque=True, do=True)
    assert found.adopted
    assert site.migrate() == ["V3__y.sql"]
    assert site.ask("select * from flyway_schema_history where installed_rank < 3 order by 1") == before
    assert site.validate().ok


def test_a_table_with_its_old_name(site):
    site.ask("create table a (x int)")
    flyway(site, ("1", "SQL", "V1__x.sql", flyway_checksum(ONE)))
    site.ask("alter table flyway_schema_history rename to schema_version")
    site.write(V1__x=ONE)
    site.settings["table"] = "schema_version"
    (found,) = adopt([site.database], accept_opaque=False, do=True)
    assert (found.adopted, found.matched) == (True, 1)


def test_tables_without_a_history_need_a_baseline(site):
    site.ask("create table a (x int)")
    site.write(V1__a=ONE, V2__b="create table b ()")
    with pytest.raises(Refused, match="has 1 tables and views, and no history"):
        site.migrate()
    with pytest.raises(Refused, match="has no table flyway_schema_history"):
        adopt([site.database], accept_opaque=False, do=False)
    (moved,) = baseline([site.database], Version("1"), BASELINE_TEXT)
    assert moved.version == "1"
    assert site.rows() == [(1, "1", "BASELINE", BASELINE_TEXT, True)]
    assert site.migrate() == ["V2__b.sql"]
    with pytest.raises(Refused, match="there is a history already"):
        baseline([site.database], Version("2"), BASELINE_TEXT)


def test_a_schema_that_is_missing_is_made_as_flyway_makes_it(site):
    site.settings["schema"] = "app"
    site.write(V1__a=ONE)
    site.migrate()
    assert site.ask("select table_schema from information_schema.tables where table_name = 'a'") == [("app",)]
    assert site.ask("select installed_rank, type, script from app.flyway_schema_history order by 1") == [
        (0, "SCHEMA", '"app"'), (1, "SQL", "V1__a.sql"),
    ]  # fmt: skip


def test_undo_in_the_words_of_a_paid_edition(site):
    site.settings["undo_type"] = "UNDO_SQL"
    site.write(V1__a=ONE, U1__a="drop table a")
    site.migrate()
    site.undo()
    assert site.rows()[-1] == (2, "1", "UNDO_SQL", "U1__a.sql", True)
    assert site.states() == [("V1__a.sql", "undone"), ("V1__a.sql", "pending")]
